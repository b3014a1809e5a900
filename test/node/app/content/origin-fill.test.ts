import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import {
  FIRST_REST_AFTER_WRONG_MS,
  FIRST_RUN_BYTES,
  MAX_REQUESTS_PER_HOST,
} from '../../../../node/core/origin/origin-limits.ts';
import { patternBytes } from '../../adapters/content-fixture.ts';
import { KIB, LEAF_BYTES, NEVER, OriginFixture } from './origin-fixture.ts';

const LEAVES = 300;
/** The last leaf is shorter. */
const FILE = patternBytes(LEAVES * LEAF_BYTES - 1_000);

describe('Filling from the origin of a publisher', () => {
  let at: OriginFixture;

  const open = async (...options: Parameters<typeof OriginFixture.open>): Promise<void> => {
    at = await OriginFixture.open(...options);
  };

  afterEach(() => at.close());

  it('takes the skeleton for a content that is not complete, and knows its leaves', async () => {
    await open(FILE);
    expect(await at.uploadSkeleton()).to.equal(false);
    expect(at.store.isComplete(at.target.root)).to.equal(false);
    expect(at.store.contains(at.target.root, at.leaf(LEAVES - 1).cid)).to.equal(true);
    expect(await at.isStored(0)).to.equal(false);
    expect(at.store.contents()[0]?.pinnedBy).to.have.length(1);
  });

  it('needs the skeleton, and goes on when it is there', async () => {
    await open(FILE);
    expect((await at.refusal(at.fetch(0))).code).to.equal('ORIGIN_LAYOUT_UNKNOWN');
    expect(at.server.requests).to.equal(0);
    await at.uploadSkeleton();
    expect(await at.fetch(0)).to.equal(true);
    expect(await at.isStored(0)).to.equal(true);
  });

  it('fetches a block in the middle of a cold file with little more than it', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    await at.fetch(150);
    expect(await at.isStored(150)).to.equal(true);
    expect(at.server.requests).to.equal(1);
    expect(at.server.sent[0]).to.equal(0);
    const sentKib = at.server.sent.reduce((sum, times) => sum + times, 0);
    expect(sentKib * KIB).to.be.at.most(FIRST_RUN_BYTES);
  });

  it('fetches each byte once for eight readers and for filling at the same time', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    const reader = async (): Promise<void> => {
      for (let index = 0; index < LEAVES; index++) {
        if (!(await at.isStored(index))) await at.fetch(index);
        expect(await at.isStored(index)).to.equal(true);
      }
    };
    const filling = async (): Promise<void> => {
      while ((await at.fill.fill(at.deal, NEVER)) !== 'whole');
    };
    await Promise.all([...Array.from({ length: 8 }, reader), filling()]);
    expect(Math.max(...at.server.sent)).to.equal(1);
    expect(Math.min(...at.server.sent)).to.equal(1);
    await at.store.complete(at.target);
    expect(at.store.isComplete(at.target.root)).to.equal(true);
    expect(at.fill.uses()[0]).to.deep.include({ bytes: FILE.length, fetchedBytes: FILE.length, restMs: 0 });
    expect(JSON.stringify(at.fill.uses())).not.to.contain('secret');
  });

  it('gives a leaf when it is stored, while its run goes on', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    const release = at.holdFrom(5);
    await at.fetch(0);
    expect(at.server.open).to.equal(1);
    expect(at.fill.isUnderWay(at.deal, at.leaf(10).cid)).to.equal(true);
    const tenth = at.fetch(10);
    release();
    expect(await tenth).to.equal(true);
    expect(Math.max(...at.server.sent)).to.equal(1);
  });

  it('asks one host for six runs at once at most', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    await Promise.all(Array.from({ length: 9 }, (_, run) => at.fetch(run * 33)));
    expect(at.server.requests).to.be.at.least(9);
    expect(at.server.mostOpen).to.be.at.most(MAX_REQUESTS_PER_HOST);
    expect(Math.max(...at.server.sent)).to.equal(1);
  });

  it('lets who leaves go, and the others have the leaf', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    const release = at.holdFrom(5);
    const leaving = new AbortController();
    const left = at.refusal(at.fetch(5, leaving.signal));
    const staying = at.fetch(5);
    leaving.abort(new RangeError('gone'));
    expect((await left).message).to.equal('gone');
    release();
    expect(await staying).to.equal(true);
    expect(at.server.requests).to.equal(1);
  });

  it('stores nothing of a changed file, and leaves it alone for a while', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    at.server.misbehaviour = 'another etag';
    expect((await at.refusal(at.fetch(0))).code).to.equal('ORIGIN_CHANGED');
    expect((await at.refusal(at.fetch(0))).code).to.equal('ORIGIN_RESTING');
    expect(at.server.requests).to.equal(1);
    expect(at.store.usage().blocks).to.equal(at.skeleton.length);
    expect(at.fill.uses()[0]?.trouble?.code).to.equal('ORIGIN_CHANGED');
    at.server.misbehaviour = undefined;
    at.nowMs += FIRST_REST_AFTER_WRONG_MS;
    await at.fetch(0);
    expect(at.fill.uses()[0]?.trouble).to.equal(undefined);
  });

  it('asks at once again when the publisher has said which version is right', async () => {
    await open(FILE, { origin: { etag: '"v0"' } });
    await at.uploadSkeleton();
    expect((await at.refusal(at.fetch(0))).code).to.equal('ORIGIN_CHANGED');
    at.origin = { ...at.origin, etag: at.server.etag, issuedAt: 2n };
    expect(await at.fetch(0)).to.equal(true);
  });

  it('keeps what was right before wrong bytes, and none of these', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    at.server.misbehaviour = 'wrong bytes';
    const inRun = FIRST_RUN_BYTES / LEAF_BYTES;
    const last = at.refusal(at.fetch(0).then(() => at.fetch(inRun - 1)));
    expect((await last).code).to.equal('ORIGIN_BYTES_WRONG');
    expect(await at.isStored(0)).to.equal(true);
    expect(await at.isStored(inRun - 2)).to.equal(true);
    expect(await at.isStored(inRun - 1)).to.equal(false);
  });

  it('asks again where a connection broke, for what is missing only', async () => {
    await open(FILE);
    await at.uploadSkeleton();
    at.server.misbehaviour = 'broken';
    at.server.misbehavesTimes = 1;
    await at.fetch(0);
    await at.fetch(FIRST_RUN_BYTES / LEAF_BYTES - 1);
    expect(await at.isStored(FIRST_RUN_BYTES / LEAF_BYTES - 1)).to.equal(true);
    expect(at.server.requests).to.be.within(2, 3);
    expect(Math.max(...at.server.sent)).to.equal(1);
  });

  it('asks for nothing that does not fit into the quota', async () => {
    await open(FILE, { quotaBytes: 4 * 1024 * KIB });
    await at.uploadSkeleton();
    expect((await at.refusal(at.fill.fill(at.deal, NEVER))).code).to.equal('QUOTA_EXCEEDED');
    expect(at.server.requests).to.equal(0);
  });

  it('fetches bytes that repeat once', async () => {
    await open(new Uint8Array(100 * LEAF_BYTES));
    await at.uploadSkeleton();
    expect(await at.fill.fill(at.deal, NEVER)).to.equal('whole');
    await at.store.complete(at.target);
    expect(at.server.requests).to.equal(1);
    expect(at.server.sent.reduce((sum, times) => sum + times, 0)).to.equal(LEAF_BYTES / KIB);
  });

  for (const [name, length] of [
    ['one leaf', 1_000],
    ['nothing', 0],
  ] as const) {
    it(`fills a file of ${name}, which has no inner nodes`, async () => {
      await open(patternBytes(length));
      await at.uploadSkeleton();
      expect(await at.fill.fill(at.deal, NEVER)).to.equal('whole');
      await at.store.complete(at.target);
      expect(await at.store.get(at.content.root)).to.have.length(length);
    });
  }

  it('does not believe a length that is not that of the content', async () => {
    await open(FILE, { origin: { bytes: BigInt(FILE.length + 1) } });
    await at.uploadSkeleton();
    expect((await at.refusal(at.fetch(0))).code).to.equal('ORIGIN_LAYOUT_UNKNOWN');
    expect(at.server.requests).to.equal(0);
  });

  describe('that is a trustless gateway', () => {
    let gateway: Server;
    let url: string;
    let lies: boolean;
    let requests: number;

    beforeEach(async () => {
      lies = false;
      requests = 0;
      gateway = createServer((request, response) => {
        requests += 1;
        const cid = /^\/base\/ipfs\/(\w+)\?format=raw$/.exec(request.url ?? '')?.[1];
        const block = at.content.blocks.find((known) => known.cid.toString() === cid);
        const bytes = lies ? block?.bytes.slice(1) : block?.bytes;
        response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
      });
      await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/base/`;
    });

    afterEach(() => {
      gateway.closeAllConnections();
      gateway.close();
    });

    it('gives every block once, inner nodes too', async () => {
      await open(FILE, { origin: { kind: 'gateway', url } });
      at.store.pin(at.target, at.deal.dealId);
      const readers = Array.from({ length: 8 }, () => at.fetch(7));
      await Promise.all(readers);
      expect(requests).to.equal(1);
      while ((await at.fill.fill(at.deal, NEVER)) !== 'whole');
      await at.store.complete(at.target);
      expect(requests).to.equal(at.content.blocks.length);
    });

    it('has its blocks hashed', async () => {
      await open(FILE, { origin: { kind: 'gateway', url } });
      lies = true;
      expect((await at.refusal(at.fetch(7))).code).to.equal('ORIGIN_BYTES_WRONG');
      expect(await at.isStored(7)).to.equal(false);
    });
  });
});
