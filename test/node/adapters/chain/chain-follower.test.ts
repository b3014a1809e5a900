import { expect } from 'chai';
import fc from 'fast-check';
import {
  ChainFollower,
  type BlockMark,
  type ChainFollowerListener,
} from '../../../../node/adapters/chain/chain-follower.ts';
import type { ChainHead, ChainNews } from '../../../../node/adapters/chain/chain-reader.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const node = parseAddress(`0x${'22'.repeat(20)}`);

/** A chain whose every block pays once; each block has a hash of its own. */
class PayingChain {
  readonly hashes: string[] = [];
  #made = 0;

  mine(blocks: number): void {
    for (let block = 0; block < blocks; block++) this.hashes.push(`0x${++this.#made}`);
  }

  drop(blocks: number): void {
    this.hashes.splice(Math.max(1, this.hashes.length - blocks));
  }

  head(): Promise<ChainHead | undefined> {
    const block = this.hashes.length - 1;
    return Promise.resolve({ block, hash: this.hashes[block] ?? '', timestampSeconds: block });
  }

  hashOf(block: number): Promise<string | undefined> {
    return Promise.resolve(this.hashes[block]);
  }

  news(fromBlock: number, toBlock: number): Promise<ChainNews[]> {
    const found: ChainNews[] = [];
    for (let block = fromBlock; block <= toBlock; block++) {
      const transaction = this.hashes[block] ?? '';
      const payment = { route: 'voucher', throughEpoch: parseEpoch(1), paidWei: 1n, feeWei: 0n } as const;
      found.push({ kind: 'payment', dealId, node, ...payment, block, transaction, logIndex: 0 });
    }
    return Promise.resolve(found);
  }
}

/** Books of payments by block, as a node keeps them. */
class Books implements ChainFollowerListener {
  readonly paid = new Map<number, string>();
  readonly forks: number[] = [];
  readonly marks: BlockMark[] = [];
  nextBlock = 0;
  onLook: () => void = () => undefined;

  onNews(news: readonly ChainNews[]): Promise<void> {
    for (const item of news) {
      if (item.kind !== 'payment') continue;
      expect(this.paid.has(item.block), `block ${item.block} is told twice`).to.equal(false);
      this.paid.set(item.block, item.transaction);
    }
    return Promise.resolve();
  }

  onFork(fromBlock: number): Promise<void> {
    this.forks.push(fromBlock);
    for (const block of [...this.paid.keys()]) if (block >= fromBlock) this.paid.delete(block);
    return Promise.resolve();
  }

  onFollowed(nextBlock: number, mark: BlockMark | undefined): void {
    this.nextBlock = nextBlock;
    if (mark !== undefined) this.marks.unshift(mark);
  }

  onHead(): void {
    this.onLook();
  }

  onConnected(): Promise<void> {
    return Promise.resolve();
  }

  onLost(reason: unknown): void {
    throw reason;
  }
}

/** Lets a follower look until it has seen so many heads. */
async function follow(chain: PayingChain, books: Books, marks: readonly BlockMark[]): Promise<void> {
  const follower = new ChainFollower(
    { reader: chain, clock: { nowMs: () => 0 }, listener: books },
    { fromBlock: books.nextBlock, marks, pollMs: 0 },
  );
  const looked = new Promise<void>((resolve) => {
    let looks = 0;
    books.onLook = () => {
      looks += 1;
      if (looks === 2) resolve();
    };
  });
  follower.start();
  await looked;
  await follower.stop();
}

const ofChain = (chain: PayingChain): Map<number, string> =>
  new Map(chain.hashes.map((hash, block) => [block, hash]));

describe('following a chain that is reorganised', () => {
  it('goes back to the last block that is still there', async () => {
    const [chain, books] = [new PayingChain(), new Books()];
    chain.mine(10);
    await follow(chain, books, []);
    chain.mine(5);
    await follow(chain, books, books.marks);
    chain.drop(3);
    chain.mine(4);
    await follow(chain, books, books.marks);
    // The hash of block 9 was seen, those up to 14 only as one span.
    expect(books.forks).to.deep.equal([10]);
    expect(books.paid).to.deep.equal(ofChain(chain));
  });

  it('notices other blocks at the same height and in a shorter chain', async () => {
    for (const blocks of [3, 1]) {
      const [chain, books] = [new PayingChain(), new Books()];
      chain.mine(10);
      await follow(chain, books, []);
      chain.drop(3);
      chain.mine(blocks);
      await follow(chain, books, books.marks);
      expect(books.forks).to.have.length(1);
      expect(books.paid).to.deep.equal(ofChain(chain));
    }
  });

  it('agrees with the chain after any history of blocks, forks and restarts', async () => {
    const step = fc.record({ drop: fc.nat(6), mine: fc.integer({ min: 1, max: 8 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const [chain, books] = [new PayingChain(), new Books()];
        chain.mine(8);
        await follow(chain, books, books.marks);
        for (const { drop, mine } of steps) {
          chain.drop(drop);
          chain.mine(mine);
          // A new follower with the marks that were kept: as after a restart.
          await follow(
            chain,
            books,
            books.marks.filter(({ block }) => block < books.nextBlock),
          );
          expect(books.paid).to.deep.equal(ofChain(chain));
        }
      }),
      { numRuns: 30 },
    );
  });
});
