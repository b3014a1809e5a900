import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import type { Publication } from '../../../sdk/publish/publish.ts';
import { OriginServer } from '../../node/adapters/origin/origin-server.ts';
import { eventually } from '../../node/cli/eventually.ts';
import { OriginEdge, type Got } from './origin-edge.ts';

const MIB = 1024 * 1024;
/** More than twice what an edge leaves free of its disk, and the contents. */
const DISK_MIB = 192;
const HELD_BYTES = 3 * MIB + 1_111;
const FILE_BYTES = 24 * MIB + 12_345;
/** The origin gives so much before the disk is filled; the edge cannot have more of it. */
const GIVEN_BYTES = 6 * MIB;
/** What is left on the disk when it is "full": less than a leaf. */
const FILLER_BYTES = 256 * 1024;
const RECOVERY_MS = 90_000;
const run = promisify(execFile);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a real edge whose disk is full while it fills itself from an origin', function () {
  this.timeout(240_000);
  const held = new Uint8Array(randomBytes(HELD_BYTES));
  const file = new Uint8Array(randomBytes(FILE_BYTES));
  const fillers: string[] = [];
  let disk: string;
  let isMount = false;
  let origin: OriginServer;
  let at: OriginEdge;
  let first: Publication;
  let second: Publication;

  before(async () => {
    origin = await new OriginServer(file).start();
    disk = await mkdtemp(join(tmpdir(), 'bcdn-full-edge-'));
    isMount = await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]).then(
      () => true,
      () => false,
    );
    at = await OriginEdge.start(join(disk, 'edge'));
    first = await at.publish(held);
  });

  after(async () => {
    // Undefined where the edge did not start; its folder is to go all the same.
    await (at as OriginEdge | undefined)?.stop();
    if (isMount) await run('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
    await origin.stop();
  });

  /** Without the right to mount, a limit of file sizes makes the same write fail (EFBIG instead of ENOSPC). */
  async function fillDisk(): Promise<void> {
    if (!isMount) {
      await run('prlimit', ['--pid', String(at.pid), `--fsize=${FILLER_BYTES}:`]);
      return;
    }
    try {
      for (;;) {
        const path = join(disk, `filler-${fillers.length}`);
        fillers.push(path);
        await writeFile(path, new Uint8Array(FILLER_BYTES));
      }
    } catch (error) {
      expect(error).to.include({ code: 'ENOSPC' });
    }
  }

  async function makeRoom(): Promise<void> {
    // The limit of a process ends with it.
    if (!isMount && at.node.running) await run('prlimit', ['--pid', String(at.pid), '--fsize=unlimited:']);
    for (const path of fillers) await rm(path, { force: true });
  }

  const pathOf = ({ cid }: Publication): string => `/ipfs/${cid.toString()}`;

  /** What came is right, and what is not whole says so: by a code, or by a broken connection. */
  function expectHonest({ status, bytes, whole, code }: Got, wanted: Uint8Array): void {
    if (status >= 400) {
      expect(code).to.match(/^[A-Z_]{4,}$/);
      return;
    }
    expect(Buffer.compare(bytes, wanted.subarray(0, bytes.length))).to.equal(0);
    expect(whole).to.equal(bytes.length === wanted.length);
  }

  it('refuses the rest by a code or breaks off, gives no wrong byte, and serves what it holds', async () => {
    const release = Promise.withResolvers<void>();
    origin.hold = { fromByte: GIVEN_BYTES, released: release.promise };
    second = await at.publish(file, { origin: origin.url });
    const under = at.get(pathOf(second));
    await eventually(async () => {
      const { origins } = await at.status();
      expect(Number(origins[0]?.storedBytes ?? 0)).to.be.at.least(GIVEN_BYTES - 2 * MIB);
    });
    await fillDisk();
    release.resolve();
    const got = await under;
    expectHonest(got, file);
    for (const range of [undefined, `bytes=${20 * MIB}-${21 * MIB - 1}`]) {
      const answer = await at.get(pathOf(second), range === undefined ? {} : { range });
      expectHonest(answer, range === undefined ? file : file.subarray(20 * MIB, 21 * MIB));
    }
    const kept = await at.get(pathOf(first));
    expect([kept.status, sha256(kept.bytes)]).to.deep.equal([200, sha256(held)]);
  });

  it('says so', async () => {
    await eventually(async () => {
      const { problems, content } = await at.status();
      expect(problems.map(({ code }) => code)).to.include('DISK_FULL');
      expect(content).to.deep.equal({ complete: 1, incomplete: 1 });
    });
    expect((await at.get('/livez')).status).to.equal(200);
  });

  it('goes on by itself when there is room, and has every byte right', async () => {
    await makeRoom();
    await eventually(async () => {
      const { status, bytes } = await at.get(pathOf(second));
      expect([status, sha256(bytes)]).to.deep.equal([200, sha256(file)]);
    }, RECOVERY_MS);
    await eventually(async () => {
      const { content, problems } = await at.status();
      expect(problems).to.deep.equal([]);
      expect(content).to.deep.equal({ complete: 2, incomplete: 0 });
    }, RECOVERY_MS);
    const verified = await at.network.command(at.edge, 'verify', '--json');
    expect(verified.code, verified.stdout + verified.stderr).to.equal(0);
  });

  it('and after a kill on a disk that was full', async () => {
    await fillDisk();
    await at.node.end('SIGKILL');
    await makeRoom();
    await at.restart();
    for (const [publication, wanted] of [
      [first, held],
      [second, file],
    ] as const) {
      const { status, bytes } = await at.get(pathOf(publication));
      expect([status, sha256(bytes)]).to.deep.equal([200, sha256(wanted)]);
    }
  });
});
