import { expect } from 'chai';
import pino from 'pino';

import { ContentFilling } from '../../../../node/app/content/content-filling.ts';
import type { OwnDeal } from '../../../../node/adapters/chain/cached-deal-directory.ts';
import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { patternBytes } from '../../adapters/content-fixture.ts';
import { eventually } from '../../cli/eventually.ts';
import { LEAF_BYTES, NEVER, OriginFixture } from './origin-fixture.ts';

const LEAVES = 100;
const FILE = patternBytes(LEAVES * LEAF_BYTES);
const SIBLING = { peerId: 'sibling', addresses: [] };

describe('Filling a content from other nodes and from its origin', () => {
  let at: OriginFixture;
  let filling: ContentFilling;
  let own: OwnDeal;
  /** Blocks that a sibling has, by their CIDs; undefined while there is no sibling. */
  let sibling: Map<string, Uint8Array> | undefined;
  let askedOfSibling: number;
  let announced: number;
  /** What each search for all holders, from the first on, waits for. */
  let holds: Promise<void>[];

  beforeEach(async () => {
    at = await OriginFixture.open(FILE);
    sibling = undefined;
    askedOfSibling = 0;
    announced = 0;
    holds = [];
    const paid = { balanceWei: 1n, paidWei: 0n, ratePerGiB: 1n, throughEpoch: parseEpoch(0) };
    own = { deal: at.deal, allocation: { state: 'active', ...paid } };
    filling = new ContentFilling({
      store: at.store,
      directory: { own: () => [own], known: () => own },
      exchange: {
        open: async () => ({
          fetch: async ({ cid }) => {
            askedOfSibling += 1;
            return sibling?.get(cid.toString());
          },
          close: async () => undefined,
        }),
      },
      holders: {
        find: async (_contentRoot, wanted) => {
          if (wanted === Infinity) await holds.shift();
          return sibling === undefined ? [] : [SIBLING];
        },
        refused: () => undefined,
      },
      announcer: {
        provide: async () => void (announced += 1),
        unprovide: async () => undefined,
      },
      origin: at.fill,
      log: pino({ level: 'silent' }),
    });
  });

  afterEach(async () => {
    await filling.stop();
    await at.close();
  });

  const wholeSibling = (): Map<string, Uint8Array> =>
    new Map(at.content.blocks.map(({ cid, bytes }) => [cid.toString(), bytes]));
  const complete = (): Promise<void> =>
    eventually(async () => {
      expect(at.store.isComplete(at.target.root)).to.equal(true);
      expect(announced).to.equal(1);
    });

  it('asks a sibling first, and the origin for what no node has', async () => {
    await at.uploadSkeleton();
    // The rest of the content, which is filled behind the asked block, comes later here: it would ask the origin, too.
    const rest = Promise.withResolvers<void>();
    holds.push(rest.promise);
    sibling = new Map([[at.leaf(0).cid.toString(), at.leaf(0).bytes]]);
    await filling.fillBlock(at.leaf(0).cid, undefined, NEVER);
    expect([await at.isStored(0), at.server.requests]).to.deep.equal([true, 0]);
    await filling.fillBlock(at.leaf(50).cid, undefined, NEVER);
    expect([await at.isStored(50), at.server.requests]).to.deep.equal([true, 1]);
    rest.resolve();
  });

  it('asks nobody else for what the origin is sending already', async () => {
    await at.uploadSkeleton();
    sibling = new Map();
    const release = at.holdFrom(55);
    await filling.fillBlock(at.leaf(50).cid, undefined, NEVER);
    const asked = askedOfSibling;
    const sixtieth = filling.fillBlock(at.leaf(60).cid, undefined, NEVER);
    release();
    await sixtieth;
    expect([await at.isStored(60), askedOfSibling]).to.deep.equal([true, asked]);
  });

  it('is pinned, whole and announced by the origin alone', async () => {
    filling.attend(own);
    await at.uploadSkeleton();
    await complete();
    expect(at.store.contents()[0]?.pinnedBy).to.deep.equal([at.deal.dealId]);
    expect(Math.max(...at.server.sent)).to.equal(1);
    expect(filling.troubles()).to.deep.equal([]);
  });

  for (const lie of [
    'whole in place of a part',
    'another etag',
    'wrong bytes',
    'compressed',
    'broken',
  ] as const) {
    it(`says what is wrong with the origin, and is whole by a sibling that comes: ${lie}`, async () => {
      await at.uploadSkeleton();
      at.server.misbehaviour = lie;
      filling.attend(own);
      await eventually(async () => expect(filling.troubles()[0]?.code).to.match(/^ORIGIN_/));
      expect(filling.origins()[0]?.trouble?.code).to.match(/^ORIGIN_/);
      sibling = wholeSibling();
      await complete();
      for (let index = 0; index < LEAVES; index += 9) expect(await at.isStored(index)).to.equal(true);
    });
  }

  it('is whole by the origin where a sibling lies', async () => {
    await at.uploadSkeleton();
    sibling = new Map([...wholeSibling()].map(([cid, bytes]) => [cid, bytes.slice(1)]));
    filling.attend(own);
    await complete();
    expect(at.server.requests).to.be.greaterThan(0);
  });

  it('goes on with the origin when that has recovered', async () => {
    await at.uploadSkeleton();
    at.server.misbehaviour = 'not found';
    filling.attend(own);
    await eventually(async () => expect(filling.troubles()[0]?.code).to.match(/^ORIGIN_/));
    at.server.misbehaviour = undefined;
    at.nowMs += 600_000;
    await complete();
  });

  it('gives a client the reason of the origin', async () => {
    await at.uploadSkeleton();
    at.server.misbehaviour = 'another total';
    const error = await at.refusal(filling.fillBlock(at.leaf(3).cid, undefined, NEVER));
    expect(error.code).to.equal('ORIGIN_CHANGED');
  });
});
