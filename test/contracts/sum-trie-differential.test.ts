import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';

import { makeTrieVectors } from '../../scripts/deploy/write-sum-trie-vectors.ts';
import { bytesToHex, concatBytes, copyBytes, hexToBytes, uint64ToBytes } from '../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { claimSeed, drawSamples, encodeSiblings } from '../../sdk/protocol/sampled-claim.ts';
import {
  compareKeys,
  frontierOfPaths,
  openLeaves,
  pathsOf,
  rootOf,
  verifyFrontier,
  type FrontierItem,
  type TrieLeaf,
  type TriePath,
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

const encodePath = ({ leaf, branch, left, right }: TriePath): Uint8Array =>
  concatBytes(
    leaf.key,
    uint64ToBytes(leaf.bytes),
    Uint8Array.of(branch),
    ...encodeSiblings(left),
    ...encodeSiblings(right),
  );

describe('sum-trie: TypeScript and Solidity', () => {
  let walk: Awaited<ReturnType<typeof deployWalk>>;
  const deployWalk = (chain: Chain) => chain.ethers.deployContract('SumTrieWalk');
  before(async () => {
    walk = await deployWalk(await openChain());
  });
  const rootOnChain = (paths: readonly TriePath[]): Promise<string> =>
    walk.getFunction('rootOf').staticCall(concatBytes(...paths.map(encodePath)), paths.length);
  const onChain = (items: readonly FrontierItem[]): Promise<string> => rootOnChain(pathsOf(items));
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
    const accepted = async (changed: readonly TriePath[]): Promise<boolean> => {
      try {
        return (await rootOnChain(changed)) === bytesToHex(root.word);
      } catch (error) {
        expect(String(error)).to.match(/PathWrong|TrieTooLarge/);
        return false;
      }
    };
    const acceptedHere = (changed: readonly TriePath[]): boolean => {
      try {
        verifyFrontier(frontierOfPaths(changed), root.word);
        return true;
      } catch (error) {
        expect(error).to.be.instanceOf(ProtocolError);
        return false;
      }
    };
    const paths = pathsOf(items);
    expect(frontierOfPaths(paths)).to.deep.equal(items);
    expect(await accepted(paths)).to.equal(true);
    expect(acceptedHere(paths)).to.equal(true);
    const place = fc.nat(paths.length - 1);
    const change = fc.tuple(place, place, fc.nat(40), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), fc.nat(7), async (changes, kind) => {
        const changed = changes.reduce<readonly TriePath[]>(
          (before, [a, b, sibling, branch]) => changePaths(before, { a, b, sibling, branch, kind }),
          paths,
        );
        expect(await accepted(changed)).to.equal(acceptedHere(changed));
      }),
      { numRuns: 400 },
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
    const [only] = pathsOf(openLeaves(leaves, [5n]));
    if (only === undefined) throw new TypeError('path');
    const word = new Uint8Array(32).fill(1);
    for (const junk of [
      { ...only, left: [{ branch: 0, word }] },
      { ...only, branch: 1 },
      { ...only, branch: 1, left: [{ branch: 1, word }] },
    ]) {
      await expect(rootOnChain([junk])).to.be.revertedWithCustomError(walk, 'PathWrong');
      expect(() => verifyFrontier(frontierOfPaths([junk]), rootOf(leaves).word)).to.throw(ProtocolError);
    }
  });

  it('open nothing where a branch is repeated below itself', async () => {
    const leafAt = (first: number) => ({ key: new Uint8Array(32).fill(first, 0, 1), bytes: 5n });
    const word = new Uint8Array(32).fill(3);
    const low = { leaf: leafAt(0x01), branch: 0, left: [], right: [] };
    const high = { leaf: leafAt(0x80), branch: 1, left: [], right: [] };
    const once = { branch: 1, word };
    for (const paths of [
      [{ ...low, right: [once] }, high],
      [{ ...low, right: [once, once] }],
      [low, { ...high, left: [once] }],
      [low, high, { ...high, leaf: leafAt(0x81) }],
    ]) {
      await expect(rootOnChain(paths)).to.be.revertedWithCustomError(walk, 'PathWrong');
    }
  });
});

interface Change {
  readonly a: number;
  readonly b: number;
  readonly sibling: number;
  readonly branch: number;
  readonly kind: number;
}

/** Changes, moves, repeats or drops a part of the paths. */
function changePaths(
  paths: readonly TriePath[],
  { a, b, sibling, branch, kind }: Change,
): readonly TriePath[] {
  const [first, second] = [paths[a % paths.length], paths[b % paths.length]];
  if (first === undefined || second === undefined) return paths;
  const changed = (path: TriePath): readonly TriePath[] => paths.toSpliced(a % paths.length, 1, path);
  const other = second.left[sibling % Math.max(1, second.left.length)];
  const side = sibling % 2 === 0 ? 'left' : 'right';
  const siblings = first[side];
  const place = sibling % Math.max(1, siblings.length);
  switch (kind) {
    case 0:
      return changed({ ...first, branch });
    case 1:
      return changed({ ...first, leaf: second.leaf });
    case 2:
      return paths.toSpliced(a % paths.length, 0, second);
    case 3:
      return paths.length === 1 ? paths : paths.toSpliced(a % paths.length, 1);
    case 4:
      return other === undefined ? paths : changed({ ...first, [side]: siblings.toSpliced(place, 0, other) });
    case 5:
      return changed({
        ...first,
        [side]: siblings.map((one, i) => (i === place ? { ...one, branch } : one)),
      });
    case 6:
      return changed({ ...first, left: first.right, right: first.left });
    default:
      return changed({ ...first, [side]: siblings.toSpliced(place, 1) });
  }
}
