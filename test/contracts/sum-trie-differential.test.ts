import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';

import { makeTrieVectors } from '../../scripts/deploy/write-sum-trie-vectors.ts';
import { bytesToHex, concatBytes, copyBytes, hexToBytes, uint64ToBytes } from '../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { claimSeed, drawSamples } from '../../sdk/protocol/sampled-claim.ts';
import {
  compareKeys,
  openLeaves,
  rootOf,
  verifyFrontier,
  type FrontierItem,
  type TrieLeaf,
} from '../../sdk/protocol/sum-trie.ts';
import { openChain, type Chain } from './market-fixture.ts';

interface TrieVector {
  readonly leaves: readonly { readonly key: string; readonly bytes: string }[];
  readonly rootWord: string;
  readonly seed: Readonly<Record<'blockHash' | 'salt' | 'dealId' | 'node' | 'seed', string>> & {
    toEpoch: number;
  };
  readonly samples: readonly string[];
  readonly frontier: readonly (
    | { readonly branch: number; readonly key: string; readonly bytes: string }
    | { readonly branch: number; readonly word: string }
  )[];
}

const file = new URL('../vectors/sum-trie.json', import.meta.url);
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Keys of random length of common prefix. */
const leavesArbitrary = fc
  .uniqueArray(
    fc
      .tuple(bytes32, fc.integer({ min: 0, max: 30 }), fc.bigInt({ min: 1n, max: (1n << 50n) - 1n }))
      .map(([tail, zeros, bytes]) => {
        const key = copyBytes(tail).fill(0, 0, zeros);
        key[31] = (key[31] ?? 0) | 1;
        return { key, bytes };
      }),
    { selector: (leaf) => bytesToHex(leaf.key.subarray(0, 31)), minLength: 1, maxLength: 60 },
  )
  .map((leaves) => leaves.sort(compareKeys));

function encodeItems(
  items: readonly FrontierItem[],
): readonly [items: string, count: number, leaves: bigint] {
  const parts = items.map((item) =>
    item.kind === 'leaf'
      ? concatBytes(Uint8Array.of(item.branch), item.key, uint64ToBytes(item.bytes))
      : concatBytes(Uint8Array.of(item.branch), item.word),
  );
  const leaves = items.reduce(
    (bits, item, i) => (item.kind === 'leaf' ? bits | (1n << BigInt(i)) : bits),
    0n,
  );
  return [bytesToHex(concatBytes(...parts)), items.length, leaves];
}

describe('sum-trie: TypeScript and Solidity', () => {
  let walk: Awaited<ReturnType<typeof deployWalk>>;
  const deployWalk = (chain: Chain) => chain.ethers.deployContract('SumTrieWalk');
  before(async () => {
    walk = await deployWalk(await openChain());
  });
  const onChain = (items: readonly FrontierItem[]): Promise<string> =>
    walk.getFunction('rootOf').staticCall(...encodeItems(items));
  const drawn = (seed: Uint8Array, totalBytes: bigint, strata: number, samples: number) =>
    walk.getFunction('draw').staticCall(seed, totalBytes, strata, samples);

  it('agree about roots and multiproofs of any trie', async () => {
    await fc.assert(
      fc.asyncProperty(
        leavesArbitrary,
        bytes32,
        fc.integer({ min: 1, max: 32 }),
        async (leaves, seed, count) => {
          const root = rootOf(leaves);
          fc.pre(root.totalBytes >= 32n);
          const items = openLeaves(leaves, drawSamples(seed, root.totalBytes, count));
          verifyFrontier(items, root.word);
          expect(await onChain(items)).to.equal(bytesToHex(root.word));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('agree about what is not a multiproof', async () => {
    const leaves: TrieLeaf[] = Array.from({ length: 40 }, (_, i) => ({
      key: hexToBytes(`0x${((i * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').padEnd(64, '5')}`),
      bytes: BigInt(i + 1),
    })).sort(compareKeys);
    const root = rootOf(leaves);
    const items = openLeaves(leaves, drawSamples(new Uint8Array(32), root.totalBytes, 6));
    const accepted = async (changed: readonly FrontierItem[]): Promise<boolean> => {
      try {
        return (await onChain(changed)) === bytesToHex(root.word);
      } catch (error) {
        expect(String(error)).to.match(/PathWrong|TrieTooLarge/);
        return false;
      }
    };
    const acceptedHere = (changed: readonly FrontierItem[]): boolean => {
      try {
        verifyFrontier(changed, root.word);
        return true;
      } catch (error) {
        expect(error).to.be.instanceOf(ProtocolError);
        return false;
      }
    };
    expect(await accepted(items)).to.equal(true);
    const place = fc.nat(items.length - 1);
    await fc.assert(
      fc.asyncProperty(place, place, fc.nat(255), fc.nat(2), async (a, b, branch, kind) => {
        const [itemA, itemB] = [items[a], items[b]];
        if (itemA === undefined || itemB === undefined) throw new TypeError('place');
        const changes = [
          items.toSpliced(a, 1, { ...itemA, branch }),
          items.toSpliced(a, 1, itemB).toSpliced(b, 1, itemA),
          items.toSpliced(a, 0, itemB),
        ];
        const changed = changes[kind] ?? items;
        expect(await accepted(changed)).to.equal(acceptedHere(changed));
      }),
      { numRuns: 200 },
    );
  });

  it('agree about the samples of any seed, also of some strata only', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes32,
        fc.bigInt({ min: 32n, max: (1n << 64n) - 1n }),
        fc.integer({ min: 1, max: 32 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        async (seed, totalBytes, samples, bits) => {
          const all = drawSamples(seed, totalBytes, samples);
          const some = all.filter((_, stratum) => ((bits >>> stratum) & 1) === 1);
          expect([...(await drawn(seed, totalBytes, bits, samples))]).to.deep.equal(some);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('agree about seeds', async () => {
    const words = fc.tuple(bytes32, bytes32, bytes32, bytes32);
    await fc.assert(
      fc.asyncProperty(words, fc.nat(), async ([a, b, c, rootWord], epoch) => {
        const ingredients = {
          blockHash: bytesToHex(a),
          salt: bytesToHex(b),
          dealId: parseDealId(bytesToHex(c)),
          node: parseAddress(bytesToHex(c.subarray(0, 20))),
          rootWord,
          toEpoch: parseEpoch(epoch),
        };
        const { blockHash, salt, dealId, node, toEpoch } = ingredients;
        const seed: unknown = await walk
          .getFunction('seedOf')
          .staticCall(blockHash, salt, dealId, node, rootWord, toEpoch);
        expect(bytesToHex(claimSeed(ingredients))).to.equal(seed);
      }),
      { numRuns: 30 },
    );
  });

  it('agree with the vectors', async () => {
    const vectors = JSON.parse(await readFile(file, 'utf8')) as { readonly tries: readonly TrieVector[] };
    expect(JSON.parse(JSON.stringify(makeTrieVectors()))).to.deep.equal(vectors);
    for (const vector of vectors.tries) {
      const items = vector.frontier.map((item): FrontierItem =>
        'word' in item
          ? { kind: 'subtree', branch: item.branch, word: hexToBytes(item.word) }
          : { kind: 'leaf', branch: item.branch, key: hexToBytes(item.key), bytes: BigInt(item.bytes) },
      );
      expect(await onChain(items)).to.equal(vector.rootWord);
      const samples = await drawn(
        hexToBytes(vector.seed.seed),
        BigInt(`0x${vector.rootWord.slice(-16)}`),
        0xffff_ffff,
        vector.samples.length,
      );
      expect(samples.map(String)).to.deep.equal(vector.samples);
    }
  });

  it('take nothing before the first item, which would move all others to the right', async () => {
    const leaves = [{ key: new Uint8Array(32).fill(9), bytes: 100n }];
    const items = openLeaves(leaves, [5n]);
    const junk: FrontierItem = { kind: 'subtree', branch: 1, word: new Uint8Array(32).fill(1) };
    expect(await onChain([junk, ...items])).to.equal(`0x${'00'.repeat(32)}`);
    expect(() => verifyFrontier([junk, ...items], rootOf(leaves).word)).to.throw(ProtocolError);
  });

  it('open nothing on the other side of a branch that is repeated below itself', async () => {
    const key = (first: number): Uint8Array => new Uint8Array(32).fill(first, 0, 1);
    const leaf = (first: number, branch: number): FrontierItem => ({
      kind: 'leaf',
      branch,
      key: key(first),
      bytes: 5n,
    });
    // Both places to the right of the first branch 1, parted once more at branch 1.
    for (const first of [0x00, 0x80]) {
      const items = [leaf(0x00, 0), { ...leaf(first, 1) }, leaf(0x80, 1)];
      await expect(onChain(items)).to.be.revertedWithCustomError(walk, 'PathWrong');
    }
  });
});
