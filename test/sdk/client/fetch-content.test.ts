import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CarReader } from '@ipld/car';
import { expect } from 'chai';
import type { CID } from 'multiformats/cid';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { systemClock, type Clock } from '../../../sdk/pacing/clock.ts';
import type { ContentSink } from '../../../sdk/client/content-sink.ts';
import { fetchContent, type FetchOptions, type FetchResult } from '../../../sdk/client/fetch-content.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';
import type { Sha256 } from '../../../sdk/protocol/content.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import { sha256Hex, TestNetwork, type Behaviour } from './test-network.ts';

const MIB = 1024 * 1024;

interface Published {
  readonly root: CID;
  readonly blocks: ReadonlyMap<string, Uint8Array>;
}

async function published(bytes: Uint8Array, chunkBytes?: number): Promise<Published> {
  const stream = (async function* () {
    yield bytes;
  })();
  return blocksOf(
    await importContent({ kind: 'stream', stream }, chunkBytes === undefined ? {} : { chunkBytes }),
  );
}

async function blocksOf(content: ImportedContent): Promise<Published> {
  const blocks = new Map<string, Uint8Array>();
  for await (const block of (await CarReader.fromIterable(content.carFile.read())).blocks()) {
    blocks.set(block.cid.toString(), block.bytes);
  }
  await content.carFile.remove();
  return { root: content.root, blocks };
}

function memorySink(): ContentSink & { bytes(): Buffer } {
  const parts: Uint8Array[] = [];
  let next: number | undefined;
  return {
    write(bytes, offset) {
      expect(offset).to.equal(next ?? offset);
      next = offset + bytes.length;
      parts.push(bytes);
    },
    bytes: () => Buffer.concat(parts),
  };
}

describe('fetchContent', function () {
  this.timeout(20_000);
  let network: TestNetwork;
  const viewerKey = randomBytes(32);

  async function networkFor(
    content: Published,
    behaviours: readonly Behaviour[],
    epochSeconds?: number,
  ): Promise<void> {
    network = new TestNetwork(content, epochSeconds === undefined ? {} : { epochSeconds });
    await network.start(behaviours);
  }

  async function fetched(
    options: FetchOptions = {},
    path?: string,
  ): Promise<FetchResult & { content: Buffer }> {
    const sink = memorySink();
    const request = { cid: network.root, marketplaceUrl: network.marketplaceUrl, viewerKey, sink, path };
    const result = await fetchContent(request, options);
    return { ...result, content: sink.bytes() };
  }

  /** Every verified byte is receipted at its edge, or held by the coordinator for it. */
  function requireReceipts(result: FetchResult): void {
    for (const edge of network.edges) {
      const delivered = result.bytesByNode.get(edge.node) ?? 0;
      const coordinator = result.receipts.filter(
        ({ node, heldBy }) => node === edge.node && heldBy === 'coordinator',
      );
      if (coordinator.length === 0) expect(edge.receiptedBytes).to.equal(delivered);
      for (const { grantHash, bytes } of coordinator) {
        expect(network.coordinatorReceipts.get(grantHash as never)).to.equal(BigInt(bytes));
      }
      const total = result.receipts
        .filter(({ node }) => node === edge.node)
        .reduce((sum, { bytes }) => sum + bytes, 0);
      expect(total).to.equal(delivered);
    }
  }

  afterEach(() => network.stop());

  for (const [name, size, chunkBytes] of [
    ['an empty file', 0, undefined],
    ['a file of one byte', 1, undefined],
    ['a file of exactly one block', MIB, undefined],
    ['a file of many large blocks', 20 * MIB + 12_345, undefined],
    ['a file of many blocks of 256 KiB', 5 * MIB + 1, 256 * 1024],
    ['a deep file of tiny blocks', 40_000, 100],
  ] as const) {
    it(`fetches ${name} from three edges, pays for every byte and is never refused`, async () => {
      const bytes = randomBytes(size);
      await networkFor(await published(bytes, chunkBytes), [{}, {}, {}]);
      const result = await fetched({ sha256: true });
      expect(result.content.equals(bytes)).to.equal(true);
      expect(result.bytes).to.equal(size);
      expect(result.sha256).to.equal(sha256Hex(bytes));
      expect(result.lookups).to.deep.equal({ count: 1, oneHop: 1, unanswered: 0 });
      expect(result.badBlocks).to.deep.equal([]);
      expect(result.droppedNodes).to.deep.equal([]);
      expect(network.edges.flatMap(({ refusals }) => refusals)).to.deep.equal([]);
      requireReceipts(result);
      if (size > 4 * MIB) for (const edge of network.edges) expect(edge.blocksServed).to.be.greaterThan(0);
    });
  }

  it('works with nothing but what a browser has: fetch, WebCrypto, signatures in JavaScript', async () => {
    const bytes = randomBytes(3 * MIB);
    await networkFor(await published(bytes), [{}, {}]);
    const http = new FetchExchange();
    const sha256: Sha256 = async (block) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(block)));
    const result = await fetched({ components: { http, sha256, secp256k1: pureSecp256k1 } });
    await http.close();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.droppedNodes).to.deep.equal([]);
    requireReceipts(result);
  });

  it('drops an edge that serves wrong bytes, with evidence, and writes only what is right', async () => {
    const bytes = randomBytes(8 * MIB);
    await networkFor(await published(bytes), [{}, { corrupt: true }, {}]);
    const result = await fetched();
    const [, corrupt] = network.edges;
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.droppedNodes.map(({ node, reason }) => ({ node, reason }))).to.deep.equal([
      { node: corrupt?.node, reason: 'corrupt' },
    ]);
    expect(result.badBlocks).to.have.length(1);
    const [bad] = result.badBlocks;
    expect(bad?.node).to.equal(corrupt?.node);
    expect(bad?.expected)
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.equal(bad?.actual);
    expect(result.bytesByNode.has(corrupt?.node as never)).to.equal(false);
    expect(corrupt?.receiptedBytes).to.equal(0);
    requireReceipts(result);
  });

  it('shows the admission that it was given with each request for grants', async () => {
    await networkFor(await published(randomBytes(3 * MIB)), [{}]);
    const admission = { dealId: network.dealId, expiresAt: 1_795_248_000, signature: 'c2lnbmF0dXJl' };
    network.capBytes = BigInt(2 * MIB);
    expect((await fetched({ admission })).bytes).to.equal(3 * MIB);
    const shown = { expiresAt: admission.expiresAt, signature: admission.signature };
    expect(network.admissions.length).to.be.greaterThan(1);
    for (const one of network.admissions) expect(one).to.deep.equal(shown);
  });

  it('does not claim that a receipt is held which the coordinator refused', async () => {
    const bytes = randomBytes(3 * MIB);
    await networkFor(await published(bytes), [{}]);
    network.refusesReceipts = true;
    const [edge] = network.edges;
    const originalServe = edge?.serve.bind(edge);
    if (edge !== undefined && originalServe !== undefined) {
      edge.serve = async (request, response) => {
        if (request.method === 'POST') request.socket.destroy();
        else await originalServe(request, response);
      };
    }
    const result = await fetched();
    expect(result.receipts.map(({ heldBy }) => heldBy)).to.deep.equal(['nobody']);
  });

  it('goes on without an edge that dies, and hands its receipts to the coordinator', async () => {
    const bytes = randomBytes(12 * MIB);
    // The one that dies is much the faster one, on a busy machine too, so that it is asked again.
    await networkFor(await published(bytes), [{ rate: MIB / 250 }, { diesAfterBlocks: 2 }]);
    const [, dying] = network.edges;
    const originalServe = dying?.serve.bind(dying);
    if (dying !== undefined && originalServe !== undefined) {
      dying.serve = async (request, response) => {
        if (dying.blocksServed >= 2) request.socket.destroy();
        else await originalServe(request, response);
      };
    }
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.droppedNodes.map(({ node, reason }) => ({ node, reason }))).to.deep.equal([
      { node: dying?.node, reason: 'unreachable' },
    ]);
    const outcome = result.receipts.find(({ node }) => node === dying?.node);
    expect(outcome?.heldBy).to.equal('coordinator');
    expect(outcome?.bytes).to.equal(result.bytesByNode.get(dying?.node as never));
    requireReceipts(result);
  });

  it('asks elsewhere for what a stalled edge holds, and drops it', async () => {
    const bytes = randomBytes(12 * MIB);
    await networkFor(await published(bytes), [{}, { stallsAfterBlocks: 1 }, {}]);
    const result = await fetched({ stallTimeoutMs: 200 });
    expect(result.content.equals(bytes)).to.equal(true);
    requireReceipts(result);
    const stalled = network.edges[1]?.node;
    for (const { node, reason } of result.droppedNodes) {
      expect({ node, reason }).to.deep.equal({ node: stalled, reason: 'stalled' });
    }
  });

  it('asks other edges for blocks that one does not have', async () => {
    const bytes = randomBytes(6 * MIB);
    const content = await published(bytes);
    const lacking = [...content.blocks.keys()].filter((_, index) => index % 2 === 0);
    await networkFor(content, [
      { lacks: (cid) => lacking.includes(cid) },
      { lacks: (cid) => !lacking.includes(cid) },
    ]);
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.droppedNodes).to.deep.equal([]);
    requireReceipts(result);
  });

  it('lets a slow edge cost little: it is never waited for at the end', async () => {
    const bytes = randomBytes(24 * MIB);
    const rate = MIB / 20;
    await networkFor(await published(bytes), [{ rate }, { rate }, { rate }, { rate: rate / 20 }]);
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.duplicateBlocks).to.be.lessThan(3);
    expect(network.edges[3]?.blocksServed).to.be.lessThan(4);
  });

  it('renews grants when an epoch ends, and leaves no receipt of the old ones behind', async () => {
    const bytes = randomBytes(16 * MIB);
    await networkFor(await published(bytes), [{ rate: MIB / 300 }, { rate: MIB / 300 }], 1);
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(new Set(result.receipts.map(({ epoch }) => epoch)).size).to.be.greaterThan(1);
    expect(result.receipts.every(({ heldBy }) => heldBy !== 'nobody')).to.equal(true);
    requireReceipts(result);
  });

  it('asks for another grant before the cap of one is used up', async () => {
    const bytes = randomBytes(14 * MIB);
    await networkFor(await published(bytes), [{}]);
    network.capBytes = BigInt(4 * MIB);
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(network.edges[0]?.refusals).to.deep.equal([]);
    expect(result.receipts.length).to.be.greaterThan(3);
    requireReceipts(result);
  });

  it('fetches a range and only the blocks that it needs', async () => {
    const bytes = randomBytes(10 * MIB);
    await networkFor(await published(bytes), [{}]);
    const result = await fetched({ range: { start: 3 * MIB - 5, end: 4 * MIB + 5 } });
    expect(result.content.equals(bytes.subarray(3 * MIB - 5, 4 * MIB + 5))).to.equal(true);
    expect(result.fileBytes).to.equal(10 * MIB);
    expect(result.blocks).to.equal(4);
  });

  it('stops when it is told to, and still pays for what had arrived', async () => {
    const bytes = randomBytes(20 * MIB);
    await networkFor(await published(bytes), [{ rate: MIB / 50 }]);
    const controller = new AbortController();
    const attempt = fetched({
      signal: controller.signal,
      onProgress: ({ bytes: written }) => {
        if (written >= 3 * MIB) controller.abort();
      },
    });
    await attempt.then(
      () => expect.fail('it went on'),
      (error: unknown) => expect(error).to.equal(controller.signal.reason),
    );
    expect(network.edges[0]?.receiptedBytes).to.be.greaterThanOrEqual(3 * MIB);
  });

  describe('inside a directory', () => {
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bcdn-fetch-test-'));
      await mkdir(join(directory, 'site', 'a b'), { recursive: true });
      await writeFile(join(directory, 'site', 'a b', '100%.txt'), 'deep');
      // Enough long names that the directory is sharded.
      const files = Array.from({ length: 1500 }, (_, index) =>
        join(directory, 'site', `${'n'.repeat(150)}-${index}`),
      );
      await Promise.all(files.map((file, index) => writeFile(file, `file ${index}`)));
      const source = { kind: 'directory', path: join(directory, 'site') } as const;
      await networkFor(await blocksOf(await importContent(source)), [{}, {}]);
    });

    afterEach(async () => {
      await rm(directory, { recursive: true, force: true });
    });

    it('fetches what a path names, sharded directories and special characters included', async () => {
      const sharded = await fetched({}, `${'n'.repeat(150)}-777`);
      expect(sharded.content.toString()).to.equal('file 777');
      const deep = await fetched({}, 'a b/100%.txt');
      expect(deep.content.toString()).to.equal('deep');
      requireReceiptsOf(deep);
    });

    it('says that a path names nothing, or no file', async () => {
      for (const [path, code] of [
        ['a b/missing', 'PATH_NOT_FOUND'],
        ['a b', 'NOT_A_FILE'],
        ['', 'NOT_A_FILE'],
      ] as const) {
        const error = await fetched({}, path).then(
          () => expect.fail('something was fetched'),
          (reason: unknown) => reason,
        );
        expect(error).to.be.instanceOf(ClientError).with.property('code', code);
      }
    });

    /** Two fetches of one viewer share their grants' books at the edges: what this one receipted is part of it. */
    function requireReceiptsOf(result: FetchResult): void {
      expect(result.receipts.every(({ heldBy }) => heldBy === 'node')).to.equal(true);
    }
  });

  describe('into a file', () => {
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bcdn-fetch-test-'));
    });

    afterEach(async () => {
      await rm(directory, { recursive: true, force: true });
    });

    it('verifies and keeps what an earlier attempt left, and fetches what is missing or wrong', async () => {
      const bytes = randomBytes(8 * MIB);
      await networkFor(await published(bytes), [{}]);
      const path = join(directory, 'film');
      const left = Buffer.from(bytes.subarray(0, 5 * MIB));
      left.writeUInt8(left.readUInt8(2 * MIB) ^ 1, 2 * MIB);
      await writeFile(`${path}.part`, left);
      const sink = await openFileSink(path, { resume: true });
      const result = await fetchContent({
        cid: network.root,
        marketplaceUrl: network.marketplaceUrl,
        viewerKey,
        sink,
      });
      expect((await readFile(path)).equals(bytes)).to.equal(true);
      expect(result.resumedBytes).to.equal(4 * MIB);
      expect(network.edges[0]?.blocksServed).to.equal(5);
    });
  });

  describe('fails with a code, values and a remedy', () => {
    async function failure(attempt: Promise<unknown>): Promise<ClientError> {
      try {
        await attempt;
      } catch (error) {
        if (error instanceof ClientError) return error;
        throw error;
      }
      return expect.fail('nothing failed');
    }

    it('for a content that no deal pays for', async () => {
      await networkFor(await published(randomBytes(10)), [{}]);
      const other = await published(randomBytes(11));
      const sink = memorySink();
      const attempt = fetchContent({
        cid: other.root,
        marketplaceUrl: network.marketplaceUrl,
        viewerKey,
        sink,
      });
      const error = await failure(attempt);
      expect(error.code).to.equal('MARKETPLACE_REFUSED');
      expect(error.values['refusal']).to.equal('CONTENT_NOT_FOUND');
    });

    it('when every edge serves wrong bytes: nothing is written', async () => {
      await networkFor(await published(randomBytes(3 * MIB)), [{ corrupt: true }, { corrupt: true }]);
      const sink = memorySink();
      const clock: Clock = {
        ...systemClock,
        sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal),
      };
      const request = { cid: network.root, marketplaceUrl: network.marketplaceUrl, viewerKey, sink };
      const error = await failure(fetchContent(request, { components: { clock } }));
      expect(error.code).to.equal('NO_SOURCES');
      expect(error.remedy).to.not.equal('');
      expect(sink.bytes().length).to.equal(0);
    });

    it('for a range beyond the file', async () => {
      await networkFor(await published(randomBytes(1000)), [{}]);
      const error = await failure(fetched({ range: { start: 1000, end: 1001 } }));
      expect(error.code).to.equal('RANGE_INVALID');
      expect(error.values['fileBytes']).to.equal(1000);
    });
  });
});
