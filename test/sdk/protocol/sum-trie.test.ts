import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex, compareBytes, copyBytes, uint64ToBytes } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError, type ProtocolErrorCode } from '../../../sdk/protocol/errors.ts';
import { drawSamples } from '../../../sdk/protocol/sampled-claim.ts';
import {
  SumTrieBuilder,
  branchOf,
  compareKeys,
  innerWord,
  leafWord,
  openLeaves,
  rootOf,
  verifyFrontier,
  type FrontierItem,
  type TrieLeaf,
} from '../../../sdk/protocol/sum-trie.ts';

const key = (number: number): Uint8Array => keccak_256(uint64ToBytes(BigInt(number)));
const sortedLeaves = (count: number): TrieLeaf[] =>
  Array.from({ length: count }, (_, i) => ({ key: key(i), bytes: BigInt((i % 97) + 1) })).sort(compareKeys);

/** Keys that part late, early and everywhere. */
const leavesArbitrary = fc
  .uniqueArray(
    fc
      .tuple(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 0, max: 31 }),
        fc.bigInt({ min: 1n, max: (1n << 40n) - 1n }),
      )
      .map(([tail, zeros, bytes]) => {
        const built = copyBytes(tail).fill(0, 0, zeros);
        built[31] = (built[31] ?? 0) & 0xfe;
        return { key: built, bytes };
      }),
    { selector: (leaf) => bytesToHex(leaf.key), minLength: 1, maxLength: 40 },
  )
  .map((leaves) => leaves.sort(compareKeys));

function expectCode(run: () => unknown, code: ProtocolErrorCode): void {
  expect(run).to.throw(ProtocolError).with.property('code', code);
}

/** The definition, by recursion: keys with 0 at the first bit at which they part are on the left. */
function wordByDefinition(leaves: readonly TrieLeaf[], branch = 1): Uint8Array {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return leafWord(only);
  const bitOf = (leaf: TrieLeaf): number =>
    ((leaf.key[(branch - 1) >> 3] ?? 0) >> (7 - ((branch - 1) & 7))) & 1;
  const left = leaves.filter((leaf) => bitOf(leaf) === 0);
  const right = leaves.filter((leaf) => bitOf(leaf) === 1);
  if (left.length === 0 || right.length === 0) return wordByDefinition(leaves, branch + 1);
  return innerWord(branch, wordByDefinition(left, branch + 1), wordByDefinition(right, branch + 1));
}

describe('sum-trie', () => {
  it('has the root that its definition gives, whatever the keys', () => {
    fc.assert(
      fc.property(leavesArbitrary, (leaves) => {
        const root = rootOf(leaves);
        expect(bytesToHex(root.word)).to.equal(bytesToHex(wordByDefinition(leaves)));
        expect(root.totalBytes).to.equal(leaves.reduce((sum, leaf) => sum + leaf.bytes, 0n));
      }),
    );
  });

  it('opens the leaves that hold the samples, at their places', () => {
    fc.assert(
      fc.property(leavesArbitrary, fc.uint8Array({ minLength: 32, maxLength: 32 }), (leaves, seed) => {
        const root = rootOf(leaves);
        fc.pre(root.totalBytes >= 32n);
        const samples = drawSamples(seed, root.totalBytes, 32);
        const placed = verifyFrontier(openLeaves(leaves, samples), root.word);
        for (const sample of samples) {
          const holder = placed.find(
            ({ fromByte, bytes }) => fromByte <= sample && sample < fromByte + bytes,
          );
          expect(holder).not.to.equal(undefined);
        }
        for (const leaf of placed) {
          const before = leaves.filter((other) => compareBytes(other.key, leaf.key) < 0);
          expect(leaf.fromByte).to.equal(before.reduce((sum, other) => sum + other.bytes, 0n));
        }
      }),
    );
  });

  it('refuses every change of a multiproof', () => {
    const leaves = sortedLeaves(300);
    const root = rootOf(leaves);
    const items = openLeaves(leaves, drawSamples(key(1), root.totalBytes, 8));
    expect(verifyFrontier(items, root.word)).to.have.length.greaterThan(4);
    fc.assert(
      fc.property(
        fc.nat(items.length - 1),
        fc.nat(31),
        fc.integer({ min: 1, max: 255 }),
        (place, byte, flip) => {
          const changed = items.map((item, i): FrontierItem =>
            i === place ? flipped(item, byte, flip) : item,
          );
          expect(() => verifyFrontier(changed, root.word)).to.throw(ProtocolError);
          expect(() => verifyFrontier(items.toSpliced(place, 1), root.word)).to.throw(ProtocolError);
        },
      ),
    );
  });

  it('has depth close to the logarithm of the number of leaves', () => {
    const leaves = sortedLeaves(4096);
    const root = rootOf(leaves);
    const lengths = [0n, root.totalBytes / 3n, root.totalBytes - 1n].map(
      (sample) => openLeaves(leaves, [sample]).length - 1,
    );
    for (const length of lengths) expect(length).to.be.within(8, 24);
  });

  it('refuses leaves that do not rise, are empty, or exceed 64 bits together', () => {
    const [first, second] = sortedLeaves(2);
    if (first === undefined || second === undefined) throw new TypeError('leaves');
    expectCode(() => rootOf([second, first]), 'TRIE_LEAVES_UNSORTED');
    expectCode(() => rootOf([first, first]), 'TRIE_LEAVES_UNSORTED');
    expectCode(() => rootOf([{ ...first, bytes: 0n }]), 'TRIE_BYTES_INVALID');
    expectCode(() => rootOf([{ ...first, bytes: 1n << 64n }]), 'TRIE_BYTES_INVALID');
    const half = 1n << 63n;
    expectCode(
      () =>
        rootOf([
          { ...first, bytes: half },
          { ...second, bytes: half },
        ]),
      'TRIE_BYTES_INVALID',
    );
    expectCode(() => new SumTrieBuilder().finish(), 'TRIE_BYTES_INVALID');
    expectCode(() => branchOf(new Uint8Array(32), new Uint8Array(32).fill(1, 31)), 'TRIE_LEAVES_UNSORTED');
    expectCode(() => openLeaves([first, second], [first.bytes + second.bytes]), 'TRIE_OPENINGS_INVALID');
    expectCode(() => openLeaves([first, second], [first.bytes, 0n]), 'TRIE_OPENINGS_INVALID');
  });

  it('keeps no more than a path of what it was given', () => {
    const builder = new SumTrieBuilder();
    let generated = 0;
    const leaf = new Uint8Array(32);
    const view = new DataView(leaf.buffer);
    for (let i = 0; i < 20_000; i++) {
      view.setUint32(0, i * 200_000);
      builder.add({ key: copyBytes(leaf), bytes: 1n });
      generated++;
    }
    expect(builder.finish().totalBytes).to.equal(BigInt(generated));
    expect(builder.mostEntries).to.be.lessThan(64);
  });
});

function flipped(item: FrontierItem, byte: number, flip: number): FrontierItem {
  const change = (bytes: Uint8Array): Uint8Array => {
    const copy = copyBytes(bytes);
    copy[byte] = (copy[byte] ?? 0) ^ flip;
    return copy;
  };
  return item.kind === 'leaf' ? { ...item, key: change(item.key) } : { ...item, word: change(item.word) };
}
