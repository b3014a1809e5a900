import { addEntry, emptyDigest, type TableDigest } from '../../../node/core/one-hop-ring/table-digest.ts';
import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { comparePositions, type SharedEntry } from './shared-entry.ts';

/** A whole table that never changes, sorted by position: what many tables of a simulation have in common. */
export class BaseTable {
  readonly items: readonly SharedEntry[];
  /** Items that own keys, as indices into `items`. */
  readonly ring: Uint32Array;
  readonly failed: readonly SharedEntry[];
  /** Ring members before each item; one more at the end. */
  readonly #ringBefore: Uint32Array;
  readonly #words: Uint32Array;
  /** Digests of the items before each; made when first asked for. */
  #digestsBefore: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

  /** @param items sorted by position, none of them empty */
  constructor(items: readonly SharedEntry[]) {
    this.items = items;
    this.failed = items.filter((item) => item.entry?.state === 'failed');
    const { length } = items;
    this.#words = new Uint32Array(length);
    this.#ringBefore = new Uint32Array(length + 1);
    const ring = new Uint32Array(length);
    let members = 0;
    for (let i = 0; i < length; i++) {
      const item = items[i];
      this.#words[i] = item?.word ?? 0;
      this.#ringBefore[i] = members;
      if (item?.inRing === true) ring[members++] = i;
    }
    this.#ringBefore[length] = members;
    this.ring = ring.subarray(0, members);
  }

  /** Ring members before the item of this index. */
  ringBefore(index: number): number {
    return this.#ringBefore[index] ?? 0;
  }

  /** Digest of the items before an index. */
  digestBefore(index: number): TableDigest {
    const { high, low } = (this.#digestsBefore ??= digestsBefore(this.items));
    return { high: high[index] ?? 0, low: low[index] ?? 0 };
  }

  /** Index of the first item at or after the position. Positions are hashes: a guess by interpolation is near. */
  lowerBound(nid: RingId): number {
    const word = leadingWord(nid);
    const { length } = this.items;
    let low: number;
    let high: number;
    const guess = Math.floor((word / 0x1_0000_0000) * length);
    let step = 8;
    if (length > 0 && this.#isBefore(guess, word, nid)) {
      low = guess + 1;
      while (low + step <= length && this.#isBefore(low + step - 1, word, nid)) {
        low += step;
        step *= 2;
      }
      high = Math.min(length, low + step);
    } else {
      high = guess;
      while (high - step >= 0 && !this.#isBefore(high - step, word, nid)) {
        high -= step;
        step *= 2;
      }
      low = Math.max(0, high - step);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(middle, word, nid)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of exactly this position, or -1. */
  indexOf(nid: RingId): number {
    const index = this.lowerBound(nid);
    const item = this.items[index];
    return item !== undefined && comparePositions(item.nid, nid) === 0 ? index : -1;
  }

  #isBefore(index: number, word: number, nid: RingId): boolean {
    const other = this.#words[index] ?? 0;
    if (other !== word) return other < word;
    const item = this.items[index];
    return item !== undefined && comparePositions(item.nid, nid) < 0;
  }
}

function digestsBefore(items: readonly SharedEntry[]): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(items.length + 1);
  const low = new Uint32Array(items.length + 1);
  let sum = emptyDigest();
  items.forEach(({ entry }, i) => {
    if (entry !== undefined) sum = addEntry(sum, entry);
    high[i + 1] = sum.high;
    low[i + 1] = sum.low;
  });
  return { high, low };
}
