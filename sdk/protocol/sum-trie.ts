import { keccak_256 } from '@noble/hashes/sha3.js';

import { bytesToHex, compareBytes, copyBytes, equalBytes, readUint64, requireLength } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { MAX_UINT64 } from './limits.ts';

/**
 * A compressed binary trie of (key, bytes) in which every node knows the bytes below it (SPEC.md, sum-trie and sampled
 * claim). The path of a leaf is the bits of its key, so no key can have two places.
 *
 * A node is a word of 32 bytes: hash truncated to 24 bytes, then the bytes below it (8, big-endian).
 */
export type TrieWord = Uint8Array;

/** A receipt as the trie sees it. */
export interface TrieLeaf {
  /** Grant hash, 32 bytes. */
  readonly key: Uint8Array;
  /** Receipted bytes, at least 1. */
  readonly bytes: bigint;
}

/** A leaf that is opened, or a whole subtree; `branch` is the bit at which it parts from its left neighbour, 0 if none. */
export type FrontierItem =
  | { readonly kind: 'leaf'; readonly branch: number; readonly key: Uint8Array; readonly bytes: bigint }
  | { readonly kind: 'subtree'; readonly branch: number; readonly word: TrieWord };

/** The root of a trie. */
export interface TrieRoot {
  readonly word: TrieWord;
  readonly totalBytes: bigint;
}

const KEY_BYTES = 32;
const WORD_BYTES = 32;
/** Bytes of a truncated hash: a collision costs 2^96 hashes. */
export const TRUNCATED_HASH_BYTES = 24;
/** Branches are numbered from 1, the most significant bit. Keys that part only at the last bit do not occur. */
export const MAX_BRANCH = 255;

/** The word of a leaf: trunc(keccak256(key ‖ uint256(bytes))) ‖ uint64(bytes). @throws ProtocolError */
export function leafWord({ key, bytes }: TrieLeaf): TrieWord {
  requireLength(key, KEY_BYTES);
  if (bytes < 1n || bytes > MAX_UINT64) {
    throw new ProtocolError('TRIE_BYTES_INVALID', 'A leaf holds 1 to 2^64 − 1 bytes.', { bytes });
  }
  const input = new Uint8Array(KEY_BYTES + 32);
  input.set(key);
  new DataView(input.buffer).setBigUint64(56, bytes);
  return withBytes(keccak_256(input), bytes);
}

/** The word of an inner node: trunc(keccak256(uint256(branch) ‖ left ‖ right)) ‖ uint64(sum). @throws ProtocolError */
export function innerWord(branch: number, left: TrieWord, right: TrieWord): TrieWord {
  const sum = wordBytes(left) + wordBytes(right);
  if (sum > MAX_UINT64) {
    throw new ProtocolError('TRIE_BYTES_INVALID', 'A trie holds at most 2^64 − 1 bytes.', { bytes: sum });
  }
  const input = new Uint8Array(3 * WORD_BYTES);
  input[WORD_BYTES - 1] = branch;
  input.set(left, WORD_BYTES);
  input.set(right, 2 * WORD_BYTES);
  return withBytes(keccak_256(input), sum);
}

/** Bytes below the node of a word. */
export function wordBytes(word: TrieWord): bigint {
  return readUint64(word, TRUNCATED_HASH_BYTES);
}

function withBytes(hash: Uint8Array, bytes: bigint): TrieWord {
  const word = copyBytes(hash);
  new DataView(word.buffer).setBigUint64(TRUNCATED_HASH_BYTES, bytes);
  return word;
}

/**
 * The bit at which two keys part, from 1.
 * @throws ProtocolError TRIE_LEAVES_UNSORTED unless `right` is larger and they part before the last bit
 */
export function branchOf(left: Uint8Array, right: Uint8Array): number {
  for (let i = 0; i < KEY_BYTES; i++) {
    const difference = (left[i] ?? 0) ^ (right[i] ?? 0);
    if (difference === 0) continue;
    const branch = 8 * i + Math.clz32(difference) - 23;
    if ((left[i] ?? 0) < (right[i] ?? 0) && branch <= MAX_BRANCH) return branch;
    break;
  }
  throw new ProtocolError('TRIE_LEAVES_UNSORTED', 'Leaves must rise strictly by their keys.', {
    left: bytesToHex(left),
    right: bytesToHex(right),
  });
}

/** Whether the key is on the right of a branch. */
const isRight = (key: Uint8Array, branch: number): boolean =>
  (((key[(branch - 1) >> 3] ?? 0) >> (7 - ((branch - 1) & 7))) & 1) === 1;

interface Entry {
  readonly branch: number;
  readonly word: TrieWord;
  /** The frontier below this node if a leaf below it is opened. */
  readonly opened?: readonly FrontierItem[];
}

/** Completed subtrees whose right neighbours are still to come: branches rise, so there are at most 256. */
class TrieStack {
  readonly #entries: Entry[] = [];
  /** Most entries that were held at a time. */
  mostEntries = 0;

  push(entry: Entry): void {
    this.#fold(entry.branch);
    this.#entries.push(entry);
    this.mostEntries = Math.max(this.mostEntries, this.#entries.length);
  }

  finish(): Entry | undefined {
    this.#fold(0);
    return this.#entries[0];
  }

  /** Joins the last two entries while the branch between them is lower in the trie than `branch`. */
  #fold(branch: number): void {
    for (;;) {
      const right = this.#entries.at(-1);
      if (right === undefined || right.branch <= branch) return;
      this.#entries.pop();
      const left = this.#entries.pop();
      if (left === undefined) {
        throw new ProtocolError('TRIE_OPENINGS_INVALID', 'The first item has a left neighbour.', {
          branch: right.branch,
        });
      }
      const word = innerWord(right.branch, left.word, right.word);
      const opened =
        left.opened === undefined && right.opened === undefined
          ? {}
          : { opened: [...frontierOf(left), ...frontierOf(right)] };
      this.#entries.push({ branch: left.branch, word, ...opened });
    }
  }
}

const frontierOf = (entry: Entry): readonly FrontierItem[] =>
  entry.opened ?? [{ kind: 'subtree', branch: entry.branch, word: entry.word }];

/** Builds a trie from leaves that come in the order of their keys, in memory that does not grow with their number. */
export class SumTrieBuilder {
  readonly #stack = new TrieStack();
  #lastKey: Uint8Array | undefined;

  /** @throws ProtocolError TRIE_LEAVES_UNSORTED, TRIE_BYTES_INVALID, LENGTH_INVALID */
  add(leaf: TrieLeaf): void {
    const word = leafWord(leaf);
    this.#stack.push({ branch: this.#lastKey === undefined ? 0 : branchOf(this.#lastKey, leaf.key), word });
    this.#lastKey = leaf.key;
  }

  /** Most nodes that were held at a time: at most one for each bit of a key. */
  get mostEntries(): number {
    return this.#stack.mostEntries;
  }

  /** @throws ProtocolError TRIE_BYTES_INVALID for a trie without leaves */
  finish(): TrieRoot {
    const root = this.#stack.finish();
    if (root === undefined)
      throw new ProtocolError('TRIE_BYTES_INVALID', 'A trie has at least one leaf.', { bytes: 0n });
    return { word: root.word, totalBytes: wordBytes(root.word) };
  }
}

/** The root of sorted leaves. @throws ProtocolError TRIE_LEAVES_UNSORTED, TRIE_BYTES_INVALID */
export function rootOf(leaves: Iterable<TrieLeaf>): TrieRoot {
  const builder = new SumTrieBuilder();
  for (const leaf of leaves) builder.add(leaf);
  return builder.finish();
}

/**
 * Builds the multiproof for some bytes of the trie: from left to right the leaves that hold them and everything between as
 * whole subtrees. Takes the leaves in the order of their keys, as the root was built; memory of (samples × depth).
 */
export class MultiproofBuilder {
  readonly #sampleBytes: readonly bigint[];
  readonly #stack = new TrieStack();
  #lastKey: Uint8Array | undefined;
  #from = 0n;
  #next = 0;

  /** @param sampleBytes rising byte positions, each below the total */
  constructor(sampleBytes: readonly bigint[]) {
    this.#sampleBytes = sampleBytes;
  }

  /**
   * @returns whether the leaf holds one of the bytes
   * @throws ProtocolError TRIE_LEAVES_UNSORTED, TRIE_BYTES_INVALID, LENGTH_INVALID; TRIE_OPENINGS_INVALID when the
   *   positions do not rise
   */
  add(leaf: TrieLeaf): boolean {
    const branch = this.#lastKey === undefined ? 0 : branchOf(this.#lastKey, leaf.key);
    const to = this.#from + leaf.bytes;
    const first = this.#next;
    for (;;) {
      const sample = this.#sampleBytes[this.#next];
      if (sample === undefined || sample >= to) break;
      if (sample < this.#from) throw samplesInvalid(sample);
      this.#next++;
    }
    const word = leafWord(leaf);
    const isOpened = this.#next > first;
    if (!isOpened) this.#stack.push({ branch, word });
    else
      this.#stack.push({
        branch,
        word,
        opened: [{ kind: 'leaf', branch, key: leaf.key, bytes: leaf.bytes }],
      });
    this.#lastKey = leaf.key;
    this.#from = to;
    return isOpened;
  }

  /** @throws ProtocolError TRIE_OPENINGS_INVALID when a position is not in the trie */
  finish(): FrontierItem[] {
    const missing = this.#sampleBytes[this.#next];
    if (missing !== undefined) throw samplesInvalid(missing);
    const root = this.#stack.finish();
    return root === undefined ? [] : [...frontierOf(root)];
  }
}

/**
 * The multiproof for some bytes of the trie: a second pass over the same leaves.
 *
 * @param sampleBytes rising byte positions, each below the total
 * @throws ProtocolError as `MultiproofBuilder`
 */
export function openLeaves(leaves: Iterable<TrieLeaf>, sampleBytes: readonly bigint[]): FrontierItem[] {
  const builder = new MultiproofBuilder(sampleBytes);
  for (const leaf of leaves) builder.add(leaf);
  return builder.finish();
}

const samplesInvalid = (sample: bigint): ProtocolError =>
  new ProtocolError(
    'TRIE_OPENINGS_INVALID',
    'Samples must rise and lie within the trie: this one is not found.',
    { sample },
  );

/** A leaf with its place: it holds the bytes from `fromByte` on. */
export interface PlacedLeaf extends TrieLeaf {
  readonly fromByte: bigint;
}

/**
 * Verifies a multiproof as the contract does and gives the opened leaves with their places.
 *
 * @throws ProtocolError TRIE_OPENINGS_INVALID, TRIE_LEAVES_UNSORTED, TRIE_BYTES_INVALID for a wrong root, a wrong path or
 *   branches that no trie has
 */
export function verifyFrontier(items: readonly FrontierItem[], root: TrieWord): PlacedLeaf[] {
  if (items[0]?.branch !== 0) throw openingsInvalid('the first item has a left neighbour');
  const placed: PlacedLeaf[] = [];
  let from = 0n;
  let highest = MAX_BRANCH + 1;
  for (const item of items) {
    highest = Math.min(highest, item.branch);
    if (item.kind === 'leaf') {
      const last = placed.at(-1);
      if (last !== undefined && branchOf(last.key, item.key) !== highest) {
        throw openingsInvalid('two keys part at another bit than their places');
      }
      placed.push({ key: item.key, bytes: item.bytes, fromByte: from });
      highest = MAX_BRANCH + 1;
    }
    from += item.kind === 'leaf' ? item.bytes : wordBytes(item.word);
  }
  const computed = wordOfRange(items, 0, items.length, 0);
  if (!equalBytes(computed, root)) throw openingsInvalid('it leads to another root');
  return placed;
}

/**
 * The word of neighbouring items, found from the top: among them the smallest branch is the highest node. Every opened
 * key below it must have 0 at that bit on its left and 1 on its right.
 */
function wordOfRange(items: readonly FrontierItem[], start: number, end: number, above: number): TrieWord {
  const first = items[start];
  if (first === undefined || end <= start) throw openingsInvalid('it is empty');
  if (end === start + 1) return first.kind === 'leaf' ? leafWord(first) : requireWord(first.word);
  let middle = start + 1;
  for (let i = start + 2; i < end; i++) {
    if ((items[i]?.branch ?? 0) < (items[middle]?.branch ?? 0)) middle = i;
  }
  const branch = items[middle]?.branch ?? 0;
  if (branch <= above || branch > MAX_BRANCH) throw openingsInvalid('its branches are those of no trie');
  for (let i = start; i < end; i++) {
    const item = items[i];
    if (item?.kind === 'leaf' && isRight(item.key, branch) !== i >= middle) {
      throw openingsInvalid('a key does not lead to its place');
    }
  }
  return innerWord(
    branch,
    wordOfRange(items, start, middle, branch),
    wordOfRange(items, middle, end, branch),
  );
}

function requireWord(word: TrieWord): TrieWord {
  requireLength(word, WORD_BYTES);
  return word;
}

const openingsInvalid = (reason: string): ProtocolError =>
  new ProtocolError('TRIE_OPENINGS_INVALID', `The openings are not valid: ${reason}.`, { reason });

/** A subtree beside the path of an opened leaf, with the branch at which they part. */
export interface TrieSibling {
  readonly branch: number;
  readonly word: TrieWord;
}

/** An opened leaf with the part of its path that the leaf before it does not show. */
export interface TriePath {
  readonly leaf: TrieLeaf;
  /** Branch at which the leaf parts from the one before; 0 for the first. */
  readonly branch: number;
  /** Siblings on its left below that branch, from the top down. */
  readonly left: readonly TrieSibling[];
  /** Siblings on its right, from the bottom up, as far as they are not on the left of the next leaf too. */
  readonly right: readonly TrieSibling[];
}

/**
 * A multiproof as the contract walks it.
 *
 * @throws ProtocolError TRIE_OPENINGS_INVALID without a leaf
 */
export function pathsOf(items: readonly FrontierItem[]): TriePath[] {
  const paths: TriePath[] = [];
  let start = 0;
  for (const [place, item] of items.entries()) {
    if (item.kind !== 'leaf') continue;
    const row = items.slice(start, place + 1);
    const previous = paths.pop();
    // In the row between two leaves the smallest branch is the one at which they part.
    const parting = previous === undefined ? 0 : indexOfSmallestBranch(row);
    if (previous !== undefined) paths.push({ ...previous, right: siblingsBeside(row.slice(0, parting)) });
    const left = row.slice(parting, -1).map((sibling, i) => ({
      branch: row[parting + i + 1]?.branch ?? 0,
      word: subtreeWord(sibling),
    }));
    const leaf = { key: item.key, bytes: item.bytes };
    paths.push({ leaf, branch: row[parting]?.branch ?? 0, left, right: [] });
    start = place + 1;
  }
  const last = paths.pop();
  if (last === undefined) throw openingsInvalid('it opens no leaf');
  return [...paths, { ...last, right: siblingsBeside(items.slice(start)) }];
}

const siblingsBeside = (items: readonly FrontierItem[]): TrieSibling[] =>
  items.map((item) => ({ branch: item.branch, word: subtreeWord(item) }));

const subtreeWord = (item: FrontierItem): TrieWord => (item.kind === 'leaf' ? leafWord(item) : item.word);

function indexOfSmallestBranch(row: readonly FrontierItem[]): number {
  let smallest = 0;
  for (const [place, { branch }] of row.entries()) {
    if (branch < (row[smallest]?.branch ?? 0)) smallest = place;
  }
  return smallest;
}

/** The multiproof that these paths show; nothing is checked. */
export function frontierOfPaths(paths: readonly TriePath[]): FrontierItem[] {
  return paths.flatMap(({ leaf, branch, left, right }): FrontierItem[] => [
    ...left.map((sibling, i): FrontierItem => {
      return { kind: 'subtree', branch: left[i - 1]?.branch ?? branch, word: sibling.word };
    }),
    { kind: 'leaf', branch: left.at(-1)?.branch ?? branch, ...leaf },
    ...right.map((sibling): FrontierItem => ({ kind: 'subtree', ...sibling })),
  ]);
}

/** Order of keys in the trie. */
export const compareKeys = (a: TrieLeaf, b: TrieLeaf): number => compareBytes(a.key, b.key);
