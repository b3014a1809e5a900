import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { CarReader } from '@ipld/car';
import { expect } from 'chai';

import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchSession, type SessionOptions } from '../../../sdk/client/fetch-session.ts';
import { nodeSha256 } from '../../../sdk/client/node-sha256.ts';
import type { HttpAnswer, HttpExchange, HttpRequest } from '../../../sdk/client/http-exchange.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { TestNetwork, type Behaviour } from './test-network.ts';

/** Notes after how many answers, one building on the other, each request was sent. */
class RoundsExchange implements HttpExchange {
  readonly rounds = new Map<string, number>();
  readonly #http: HttpExchange;
  #answered = 0;

  constructor(http: HttpExchange) {
    this.#http = http;
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const round = this.#answered + 1;
    const [, what = ''] =
      /\/(network|challenge|grants|providers|ipfs|content)(?:$|[/?])/.exec(request.url) ?? [];
    // Grants are asked for again later; what counts is when each was first asked for.
    if (!this.rounds.has(what)) this.rounds.set(what, round);
    const answer = await this.#http.request(request);
    this.#answered = Math.max(this.#answered, round);
    return answer;
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}

describe('FetchSession', () => {
  let http: RoundsExchange;
  let network: TestNetwork;
  let session: FetchSession;

  async function open(
    behaviours: readonly Behaviour[],
    options: Partial<SessionOptions> = {},
  ): Promise<void> {
    const stream = (async function* () {
      yield randomBytes(3_000);
    })();
    const content = await importContent({ kind: 'stream', stream }, { chunkBytes: 1_024 });
    const blocks = new Map<string, Uint8Array>();
    for await (const { cid, bytes } of (await CarReader.fromIterable(content.carFile.read())).blocks())
      blocks.set(cid.toString(), bytes);
    await content.carFile.remove();
    network = new TestNetwork({ root: content.root, blocks });
    await network.start(behaviours);
    http = new RoundsExchange(new UndiciExchange());
    session = await FetchSession.open(
      { http, clock: systemClock, sha256: nodeSha256, secp256k1: nativeSecp256k1 },
      { cid: content.root, marketplaceUrl: network.marketplaceUrl, viewerKey: randomBytes(32), ...options },
    );
  }

  afterEach(async () => {
    await session.close();
    await http.close();
    await network.stop();
  });

  it('has the first block in the third round: what does not build on an answer does not wait for it', async () => {
    await open([{}]);
    await session.fetchBlock(network.root, MAX_SERVED_BLOCK_BYTES);
    const { network: chain, challenge, grants, providers, ipfs } = Object.fromEntries(http.rounds);
    expect({ chain, challenge, grants, providers, ipfs }).to.deep.equal({
      ...{ chain: 1, challenge: 1, grants: 2, providers: 2, ipfs: 3 },
    });
  });

  it('delivers the receipts of what was fetched between two fetches, and owes nothing then', async () => {
    await open([{}]);
    const block = await session.fetchBlock(network.root, MAX_SERVED_BLOCK_BYTES);
    expect(
      session.owedReceipts().map(({ signedReceipt }) => signedReceipt.receipt.bytesCumulative),
    ).to.deep.equal([BigInt(block.length)]);
    let outcomes = await session.settle();
    // The request that brought the block ends a turn after it.
    while (outcomes === undefined) {
      await setImmediate();
      outcomes = await session.settle();
    }
    expect(outcomes.map(({ bytes, heldBy }) => [bytes, heldBy])).to.deep.equal([[block.length, 'node']]);
    expect(session.owedReceipts()).to.deep.equal([]);
    expect(session.regionOf(network.edges[0]?.node ?? network.domain.verifyingContract)).to.be.a('string');
  });

  for (const [how, hostile] of Object.entries({
    'breaks off': { diesAfterBlocks: 0 },
    'takes requests and is silent': { stallsAfterBlocks: 0 },
    'says that it has no block': { lacks: () => true },
    'sends wrong bytes': { corrupt: true },
  } satisfies Record<string, Behaviour>)) {
    it(`turns to another deal of the content where the only node of the first ${how}`, async () => {
      await open([{ ...hostile, otherDeal: true }, {}], { stallTimeoutMs: 200 });
      expect(session.dealId).to.equal(network.otherDealId);
      await session.fetchBlock(network.root, MAX_SERVED_BLOCK_BYTES);
      expect(session.dealId).to.equal(network.dealId);
      await session.close();
      expect(network.edges.map(({ receiptedBytes }) => receiptedBytes > 0)).to.deep.equal([false, true]);
    });
  }

  it('says so when no deal of the content has a node that serves', async () => {
    await open([{ diesAfterBlocks: 0, otherDeal: true }, { diesAfterBlocks: 0 }], { sourceRounds: 0 });
    const [fetched] = await Promise.allSettled([session.fetchBlock(network.root, MAX_SERVED_BLOCK_BYTES)]);
    expect(fetched).to.have.nested.property('reason.code', 'NO_SOURCES');
  });

  it('tells those who wait for a block that is given up why, and settles nothing while it is on its way', async () => {
    await open([{ stallsAfterBlocks: 0 }]);
    const waiting = Promise.allSettled([session.fetchBlock(network.root, MAX_SERVED_BLOCK_BYTES)]);
    expect(await session.settle()).to.equal(undefined);
    session.abandonBlock(network.root, 'the reader left');
    expect((await waiting)[0]).to.include({ status: 'rejected', reason: 'the reader left' });
  });
});
