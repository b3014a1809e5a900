import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';

import { BlockShelf } from '../../../sdk/player/engine/block-shelf.ts';
import { MAX_SHELVED_BYTES } from '../../../sdk/player/player-limits.ts';

/** Blocks that come when the test says so. */
class GivenBlocks {
  readonly asked: string[] = [];
  readonly abandoned: string[] = [];
  readonly #waiting = new Map<string, PromiseWithResolvers<Uint8Array>>();

  fetch(cid: CID): Promise<Uint8Array> {
    this.asked.push(cid.toString());
    const waiting = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(cid.toString(), waiting);
    return waiting.promise;
  }

  abandon(cid: CID, reason: unknown): void {
    this.abandoned.push(cid.toString());
    this.#waiting.get(cid.toString())?.reject(reason);
  }

  arrive(cid: CID, bytes: Uint8Array): void {
    this.#waiting.get(cid.toString())?.resolve(bytes);
  }
}

async function leaf(seed: number): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(Uint8Array.of(seed)));
}

describe('BlockShelf', () => {
  it('fetches a block once for all who ask, and keeps it for those who come later', async () => {
    const blocks = new GivenBlocks();
    const shelf = new BlockShelf(blocks);
    const cid = await leaf(1);
    const both = Promise.all([shelf.get(cid, 10), shelf.get(cid, 10)]);
    blocks.arrive(cid, Uint8Array.of(1));
    expect(await both).to.deep.equal([Uint8Array.of(1), Uint8Array.of(1)]);
    expect(await shelf.get(cid, 10)).to.deep.equal(Uint8Array.of(1));
    expect(blocks.asked).to.have.length(1);
  });

  it('gives a block up when the last who waits for it has left, not before', async () => {
    const blocks = new GivenBlocks();
    const shelf = new BlockShelf(blocks);
    const cid = await leaf(2);
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [shelf.get(cid, 10, first.signal), shelf.get(cid, 10, second.signal)];
    const outcomes = Promise.allSettled(waits);
    first.abort();
    expect(blocks.abandoned).to.deep.equal([]);
    second.abort();
    expect(blocks.abandoned).to.deep.equal([cid.toString()]);
    expect((await outcomes).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });

  it('asks again for what failed', async () => {
    const blocks = new GivenBlocks();
    const shelf = new BlockShelf(blocks);
    const cid = await leaf(3);
    const failing = Promise.allSettled([shelf.get(cid, 10)]);
    blocks.abandon(cid, 'gone');
    expect((await failing)[0]).to.include({ status: 'rejected', reason: 'gone' });
    const again = shelf.get(cid, 10);
    blocks.arrive(cid, Uint8Array.of(3));
    expect(await again).to.deep.equal(Uint8Array.of(3));
  });

  it('keeps leaves within its memory, the newest last to go', async () => {
    const blocks = new GivenBlocks();
    const shelf = new BlockShelf(blocks);
    const half = new Uint8Array(MAX_SHELVED_BYTES / 2);
    const cids = await Promise.all([4, 5, 6].map(leaf));
    for (const cid of cids) {
      const got = shelf.get(cid, half.length);
      blocks.arrive(cid, half);
      await got;
    }
    const [oldest, , newest] = cids;
    if (oldest === undefined || newest === undefined) return expect.fail();
    await shelf.get(newest, half.length);
    expect(blocks.asked).to.have.length(3);
    void shelf.get(oldest, half.length);
    expect(blocks.asked).to.have.length(4);
  });
});
