import { expect } from 'chai';
import { CID } from 'multiformats/cid';

import { lentBlocks } from '../../../../node/app/carriage/lent-blocks.ts';
import { TransitBuffer } from '../../../../node/core/carriage/transit-buffer.ts';
import { parseContentRoot } from '../../../../sdk/protocol/identifiers.ts';

const ROOT = parseContentRoot(`0x${'05'.repeat(32)}`);
const STORED = CID.parse('bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e');
const CARRIED = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');

describe('blocks that an edge lends', () => {
  /** Time that reading so many blocks of 1,000 bytes is held back for, told by whether it is done at once. */
  function readsAtOnce(share: { cap: number | undefined; sharePercent: number }) {
    const transit = new TransitBuffer();
    transit.put(ROOT, CARRIED.toString(), new Uint8Array(1_000));
    const ending = new AbortController();
    const reader = lentBlocks(
      {
        get: async (cid) => (cid.equals(STORED) ? new Uint8Array(1_000) : undefined),
        sizeOf: async (cid) => (cid.equals(STORED) ? 1_000 : undefined),
      },
      transit,
      {
        ...{ clock: { nowMs: () => 1_000_000 }, signal: ending.signal },
        ...{ bytesPerSecond: share.cap, sharePercent: share.sharePercent },
      },
    );
    return async (cid: CID, most: number): Promise<number> => {
      let read = 0;
      for (; read < most; read++) {
        const done = await Promise.race([
          reader.get(cid).then(() => true),
          new Promise<boolean>((resolve) => setImmediate(() => setImmediate(() => resolve(false)))),
        ]);
        if (!done) break;
      }
      ending.abort();
      return read;
    };
  }

  it('leave in a second at most at the lent share of the upload cap', async () => {
    // A second's burst: a quarter of 40,000 bytes.
    expect(await readsAtOnce({ cap: 40_000, sharePercent: 25 })(CARRIED, 100)).to.equal(10);
    expect(await readsAtOnce({ cap: 40_000, sharePercent: 50 })(CARRIED, 100)).to.equal(20);
  });

  it('are held back by nothing but grants where there is no cap, and never hold back what is stored', async () => {
    expect(await readsAtOnce({ cap: undefined, sharePercent: 25 })(CARRIED, 100)).to.equal(100);
    expect(await readsAtOnce({ cap: 4_000, sharePercent: 1 })(STORED, 100)).to.equal(100);
  });

  it('are those in transit, with their sizes', async () => {
    const transit = new TransitBuffer();
    transit.put(ROOT, CARRIED.toString(), new Uint8Array(7));
    const nothing = { get: async () => undefined, sizeOf: async () => undefined };
    const when = { clock: { nowMs: () => 0 }, signal: new AbortController().signal };
    const reader = lentBlocks(nothing, transit, { ...when, bytesPerSecond: undefined, sharePercent: 25 });
    expect([await reader.sizeOf(CARRIED), (await reader.get(CARRIED))?.length]).to.deep.equal([7, 7]);
    expect([await reader.sizeOf(STORED), await reader.get(STORED)]).to.deep.equal([undefined, undefined]);
  });
});
