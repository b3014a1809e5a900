import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ClientCheckError, requireSame, requireThat } from './client-error.ts';
import { isInstalled, PROGRAM_TIMEOUT_MS, runProgram } from './run-program.ts';
import { LARGE_BYTES, LARGE_FILE } from './sample-site.ts';
import { finding, type CheckSetting, type UnmodifiedClient } from './unmodified-client.ts';

const PROGRAM = 'aria2c';
const CONNECTIONS = 8;
/** Slow enough to be killed in the middle: the whole file would take twelve seconds. */
const BRIDLED = '2M';
const POLL_MS = 50;
/** Of the pieces in aria2's control file, version 1, for a download without a torrent. */
const BITFIELD_OFFSET = 34;
const SEVERAL = [
  `--split=${CONNECTIONS}`,
  `--max-connection-per-server=${CONNECTIONS}`,
  '--min-split-size=1M',
];
/**
 * One connection, whose range is exactly what is missing, and no answer asked for and given up: what the gateway sends
 * is then what was downloaded.
 */
const COUNTABLE = ['--split=1', '--use-head=true'];
const SETTINGS = [
  '--no-conf=true',
  '--quiet=true',
  '--allow-overwrite=true',
  '--auto-save-interval=1',
  `--stop-with-process=${process.pid}`,
];

/** aria2 over HTTP: several connections that each ask for ranges, and a download resumed after a kill. */
export const aria2Client: UnmodifiedClient = {
  name: 'aria2c',
  absence: async () =>
    (await isInstalled(PROGRAM)) ? undefined : `it is not installed; install Debian's package aria2`,
  check: async (setting) => [
    await finding(`${CONNECTIONS} connections, one file`, () => severalConnections(setting)),
    await finding('killed by SIGKILL in the middle, then resumed', () => resumed(setting)),
  ],
};

async function severalConnections(setting: CheckSetting): Promise<string> {
  await runProgram(PROGRAM, [...SEVERAL, ...argumentsFor(setting, 'several')]);
  await requireLargeFile(setting, 'several');
  return `${LARGE_BYTES} bytes, SHA-256 as published`;
}

async function resumed(setting: CheckSetting): Promise<string> {
  const { site, directory } = setting;
  const child = spawn(
    PROGRAM,
    [...COUNTABLE, `--max-download-limit=${BRIDLED}`, ...argumentsFor(setting, 'resumed')],
    {
      stdio: 'ignore',
    },
  );
  const exited = once(child, 'exit');
  try {
    await pieceSaved(join(directory, 'resumed.aria2'));
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  await site.idle();
  const before = site.sentBytes;
  await runProgram(PROGRAM, [...COUNTABLE, '--continue=true', ...argumentsFor(setting, 'resumed')]);
  const again = site.sentBytes - before;
  await requireLargeFile(setting, 'resumed');
  requireThat(again < LARGE_BYTES, `It downloaded all ${LARGE_BYTES} bytes once more.`);
  return `the second process fetched ${again} of ${LARGE_BYTES} bytes, SHA-256 as published`;
}

/** Waits until aria2 has saved that it has a whole piece. */
async function pieceSaved(path: string): Promise<void> {
  const untilMs = performance.now() + PROGRAM_TIMEOUT_MS;
  while (performance.now() < untilMs) {
    const saved = await readFile(path).catch(() => Buffer.alloc(0));
    if (saved.length > BITFIELD_OFFSET && piecesIn(saved).some((byte) => byte !== 0)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new ClientCheckError('CLIENT_TIMEOUT', 'aria2c did not save that it had anything.');
}

function piecesIn(saved: Buffer): Buffer {
  return saved.subarray(BITFIELD_OFFSET, BITFIELD_OFFSET + saved.readUInt32BE(BITFIELD_OFFSET - 4));
}

function argumentsFor({ site, directory }: CheckSetting, name: string): string[] {
  return [...SETTINGS, '-d', directory, '-o', name, site.urlOf(LARGE_FILE)];
}

async function requireLargeFile({ site, directory }: CheckSetting, name: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(directory, name)), hash);
  requireSame('The hash', hash.digest('hex'), createHash('sha256').update(site.site.large).digest('hex'));
}
