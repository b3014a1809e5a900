import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { CarReader } from '@ipld/car';
import { expect } from 'chai';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { systemClock, type Clock } from '../../../sdk/pacing/clock.ts';
import { JOURNAL_SYNC_BYTES } from '../../../sdk/client/client-limits.ts';
import type { ContentSink } from '../../../sdk/client/content-sink.ts';
import { fetchContent, type FetchOptions } from '../../../sdk/client/fetch-content.ts';
import { nodeSha256 } from '../../../sdk/client/node-sha256.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';
import type { Sha256 } from '../../../sdk/protocol/content.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import { TestNetwork, type Behaviour } from './test-network.ts';

const MIB = 1024 * 1024;

describe('a download that meets faults', function () {
  this.timeout(60_000);
  let directory: string;
  let path: string;
  let network: TestNetwork;
  let bytes: Buffer;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-faults-test-'));
    path = join(directory, 'film');
  });

  afterEach(async () => {
    await network.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function networkOf(mebibytes: number, behaviours: readonly Behaviour[]): Promise<void> {
    bytes = randomBytes(mebibytes * MIB);
    const stream = (async function* () {
      yield bytes;
    })();
    const content = await importContent({ kind: 'stream', stream }, { temporaryDirectory: directory });
    const blocks = new Map<string, Uint8Array>();
    for await (const block of (await CarReader.fromIterable(content.carFile.read())).blocks())
      blocks.set(block.cid.toString(), block.bytes);
    await content.carFile.remove();
    network = new TestNetwork({ root: content.root, blocks });
    await network.start(behaviours);
  }

  function fetchTo(sink: ContentSink, options: FetchOptions = {}) {
    const { root: cid, marketplaceUrl } = network;
    return fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink }, options);
  }

  async function failureOf(attempt: Promise<unknown>): Promise<ClientError> {
    const error: unknown = await attempt.then(
      () => expect.fail('nothing failed'),
      (reason: unknown) => reason,
    );
    if (error instanceof ClientError) return error;
    throw error;
  }

  /** Names of what is left, but for the directories of imports. */
  async function left(): Promise<string[]> {
    return (await readdir(directory)).filter((name) => name.startsWith('film')).sort();
  }

  it('gets every byte right from one good edge among dead, stalled, lying, slow and refusing ones', async () => {
    await networkOf(24, [
      { diesAfterBlocks: 1 },
      { stallsAfterBlocks: 1 },
      { corrupt: true },
      { rate: MIB / 2_000 },
      { refusesCredit: true },
      {},
    ]);
    const result = await fetchTo(await openFileSink(path), { stallTimeoutMs: 1_000 });
    expect((await readFile(path)).equals(bytes)).to.equal(true);
    expect(await left()).to.deep.equal(['film']);
    expect(result.bytesByNode.get(network.edges[5]?.node as never)).to.be.greaterThan(12 * MIB);
    expect(result.bytesByNode.has(network.edges[2]?.node as never)).to.equal(false);
    expect(result.bytesByNode.has(network.edges[4]?.node as never)).to.equal(false);
  });

  it('survives its own kill: what was synced is known without a hash, and the file appears when it is whole', async () => {
    await networkOf(88, [{}, {}]);
    const worker = join(import.meta.dirname, 'download-process.ts');
    const child = spawn(process.execPath, [worker, network.root.toString(), network.marketplaceUrl, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let written = 0;
    for await (const line of createInterface(child.stdout)) {
      written = Number(line);
      if (written > 2 * JOURNAL_SYNC_BYTES + 2 * MIB) break;
    }
    child.kill('SIGKILL');
    await exited;
    expect(await left()).to.deep.equal(['film.part', 'film.part.journal']);

    let hashedBytes = 0;
    const sha256: Sha256 = (block) => {
      hashedBytes += block.length;
      return nodeSha256(block);
    };
    const result = await fetchTo(await openFileSink(path, { resume: true }), { components: { sha256 } });
    expect((await readFile(path)).equals(bytes)).to.equal(true);
    expect(await left()).to.deep.equal(['film']);
    expect(result.resumedBytes).to.be.at.least(written);
    expect(hashedBytes).to.be.at.most(88 * MIB - JOURNAL_SYNC_BYTES + 2 * MIB);
  });

  it('says that the disk is full, pays for what had come, and resumes when there is room', async () => {
    await networkOf(12, [{}, {}]);
    const file = await openFileSink(path);
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const limited: ContentSink = {
      write: async (block, offset, leaf) => {
        if (offset >= 7 * MIB) throw full;
        await file.write(block, offset, leaf);
      },
      finish: () => file.finish?.() ?? Promise.resolve(),
      abandon: () => file.abandon?.() ?? Promise.resolve(),
    };
    const error = await failureOf(fetchTo(limited));
    expect(error.code).to.equal('SINK_FAILED');
    expect(error.values).to.deep.include({ offset: 7 * MIB, reason: full.message });
    expect(await left()).to.deep.equal(['film.part', 'film.part.journal']);
    for (const edge of network.edges) {
      expect(edge.receiptedBytes).to.be.greaterThan(0);
      expect(edge.refusals).to.deep.equal([]);
    }
    const result = await fetchTo(await openFileSink(path, { resume: true }));
    expect(result.resumedBytes).to.equal(7 * MIB);
    expect((await readFile(path)).equals(bytes)).to.equal(true);
  });

  it('gives no file its name when the last step fails', async () => {
    await networkOf(2, [{}]);
    const file = await openFileSink(path);
    const sink: ContentSink = {
      write: (block, offset, leaf) => file.write(block, offset, leaf),
      finish: async () => {
        throw new ClientError('SINK_FAILED', 'The disk is full.', { remedy: 'Make room.' });
      },
      abandon: () => file.abandon?.() ?? Promise.resolve(),
    };
    expect((await failureOf(fetchTo(sink))).code).to.equal('SINK_FAILED');
    expect(await left()).to.deep.equal(['film.part', 'film.part.journal']);
  });

  it('says that no source is left when all refuse credit, and leaves a part to resume', async () => {
    await networkOf(2, [{ refusesCredit: true }]);
    const startedMs = Date.now();
    // A clock on which refusals and pauses pass fifty times faster.
    const clock: Clock = {
      nowMs: () => startedMs + (Date.now() - startedMs) * 50,
      sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
    };
    const error = await failureOf(fetchTo(await openFileSink(path), { components: { clock } }));
    expect(error.code).to.equal('NO_SOURCES');
    expect(error.values['dropped']).to.include('refused');
    expect(await left()).to.deep.equal(['film.part', 'film.part.journal']);
  });
});
