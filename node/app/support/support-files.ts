import { open, readdir, statfs, stat } from 'node:fs/promises';
import { arch, availableParallelism, freemem, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import description from '../../../package.json' with { type: 'json' };
import type { ArchivedFile } from '../../adapters/disk/tar-archive.ts';
import { errorCode } from '../../adapters/keystore/private-file.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { askNode } from '../control/control-client.ts';
import { statusDocument } from '../control/documents.ts';
import { metricsDocument, ringViewDocument } from '../control/support-documents.ts';
import { examine } from '../doctor/doctor.ts';
import { reportOf } from '../node-error.ts';
import { Redaction } from './redaction.ts';

/** The end of the log that is taken along. */
const MAX_LOG_BYTES = 1_048_576;
const ANSWER_TIMEOUT_MS = 30_000;

const ABOUT = `What a helper needs to understand what is wrong with this node, and nothing secret: no keystore, no
password, no network key, no receipts, no grants. Users, paths and queries of URLs are removed, long hexadecimal (keys,
deal numbers, hashes) is shortened to its first 8 digits, signed messages and addresses of others are removed.
Read the files before you hand them on.

versions.json  program, Node, system
config.json    settings, with what is in force from environment and defaults
status.json    what \`bcdn-node status --json\` says
doctor.json    what \`bcdn-node doctor --json\` says
ring.json      active edges of the registry, and the ring as this node sees it
metrics.txt    what Prometheus would read
disk.json      files of the data directory and room on its disk
log.jsonl      the last lines of the log
`;

/** Gathers what a helper needs, redacted. What cannot be had says why in its place. */
export async function supportFiles(config: NodeConfig, clock: Clock): Promise<ArchivedFile[]> {
  const { settings, dataDir } = config;
  const redaction = new Redaction([settings.httpHost, settings.listenHost, ...settings.announceHosts]);
  const json = async (name: string, read: () => Promise<unknown>): Promise<ArchivedFile> => {
    const plain: unknown = JSON.parse(JSON.stringify(await orReason(read), bigintsAsText));
    return { name, content: `${JSON.stringify(redaction.value(plain), undefined, 2)}\n` };
  };
  const ask = <Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>> =>
    askNode({ socket: dataDir.controlSocket, path, answer, timeoutMs: ANSWER_TIMEOUT_MS });
  const metrics = await orReason(() => ask('/metrics', metricsDocument));
  const metricsText = 'text' in metrics ? metrics.text : JSON.stringify(metrics);
  return [
    { name: 'ABOUT.txt', content: ABOUT },
    await json('versions.json', async () => versions()),
    await json('config.json', async () => ({ deployment: config.deployment, settings })),
    await json('status.json', () => ask('/status', statusDocument)),
    await json('doctor.json', () => examine(config, clock)),
    await json('ring.json', () => ask('/ring', ringViewDocument)),
    { name: 'metrics.txt', content: redaction.text(metricsText) },
    await json('disk.json', () => diskView(config)),
    { name: 'log.jsonl', content: redaction.text(await logEnd(config)) },
  ];
}

async function orReason<T>(read: () => Promise<T>): Promise<T | { readonly missing: object }> {
  try {
    return await read();
  } catch (error) {
    const { code, message } = reportOf(error);
    return { missing: { code, message } };
  }
}

function versions(): object {
  return {
    program: description.version,
    node: process.versions,
    system: { platform: platform(), release: release(), arch: arch() },
    processors: availableParallelism(),
    memoryBytes: { total: totalmem(), free: freemem() },
  };
}

async function diskView({ dataDir }: NodeConfig): Promise<object> {
  const { bavail, blocks, bsize } = await statfs(dataDir.root);
  const names = await readdir(dataDir.root);
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mode, mtime } = await stat(join(dataDir.root, name));
      return { name, bytes: size, mode: (mode & 0o7777).toString(8), changedAt: mtime.toISOString() };
    }),
  );
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, files };
}

/** Whole lines from the end of the log, the previous file first if the present one is short. */
async function logEnd({ dataDir }: NodeConfig): Promise<string> {
  const present = await endOf(dataDir.log, MAX_LOG_BYTES);
  const previous = await endOf(dataDir.previousLog, MAX_LOG_BYTES - present.length);
  return previous + present;
}

async function endOf(path: string, maxBytes: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - maxBytes);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
      const text = buffer.toString('utf8', 0, bytesRead);
      return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
