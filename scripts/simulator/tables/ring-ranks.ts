import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { BaseTable } from './base-table.ts';
import { comparePositions, isBefore, type SharedEntry } from './shared-entry.ts';

/** Order statistics of a base table's ring with some members taken out and some put in. */
export class RingRanks {
  readonly length: number;
  readonly #base: BaseTable;
  /** Nothing was taken out or put in. */
  readonly #isBase: boolean;
  /** Ring ranks of the base that are not in this ring, rising. */
  readonly #removed: readonly number[];
  /** Members that are not in the base's ring, rising, and the rank of each in this ring. */
  readonly #added: readonly SharedEntry[];
  readonly #addedRanks: readonly number[];
  /** Members that stand in the base's ring with another content, by index of the base; nearly always none. */
  readonly #replaced = new Map<number, SharedEntry>();

  /** @param changes sorted by position */
  constructor(base: BaseTable, changes: readonly SharedEntry[]) {
    const removed: number[] = [];
    const added: SharedEntry[] = [];
    const addedRanks: number[] = [];
    for (const change of changes) {
      const index = base.lowerBound(change.nid);
      const held = base.items[index];
      const isPlace = held !== undefined && comparePositions(held.nid, change.nid) === 0;
      const wasInRing = isPlace && held.inRing;
      const rank = base.ringBefore(index);
      if (wasInRing && change.inRing) this.#replaced.set(index, change);
      if (wasInRing && !change.inRing) removed.push(rank);
      if (!wasInRing && change.inRing) {
        addedRanks.push(rank - removed.length + added.length);
        added.push(change);
      }
    }
    this.#base = base;
    this.#isBase = removed.length === 0 && added.length === 0;
    this.#removed = removed;
    this.#added = added;
    this.#addedRanks = addedRanks;
    this.length = base.ring.length - removed.length + added.length;
  }

  /** The member at a rank. @throws SimulatorError TABLE_RANK_INVALID */
  at(rank: number): SharedEntry {
    const before = this.#isBase ? 0 : countUpTo(this.#addedRanks, rank);
    const added = this.#addedRanks[before - 1] === rank ? this.#added[before - 1] : undefined;
    if (added !== undefined) return added;
    const kept = rank - before;
    const index = this.#base.ring[this.#isBase ? rank : kept + this.#removedBeforeKept(kept)] ?? -1;
    const replaced = this.#replaced.size === 0 ? undefined : this.#replaced.get(index);
    const member = replaced ?? this.#base.items[index];
    if (member === undefined) {
      throw new SimulatorError('TABLE_RANK_INVALID', `The ring has no member of rank ${rank}.`, {
        rank,
        ringSize: this.length,
      });
    }
    return member;
  }

  /** Rank of the first member at or after the position; `length` if there is none. */
  lowerBound(nid: RingId): number {
    const baseRank = this.#base.ringBefore(this.#base.lowerBound(nid));
    if (this.#isBase) return baseRank;
    const word = leadingWord(nid);
    let low = 0;
    let high = this.#added.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#added[middle];
      if (other !== undefined && isBefore(other, word, nid)) low = middle + 1;
      else high = middle;
    }
    return baseRank - countUpTo(this.#removed, baseRank - 1) + low;
  }

  /** How many removed ranks come before the member that has `kept` kept members before it. */
  #removedBeforeKept(kept: number): number {
    let low = 0;
    let high = this.#removed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#removed[middle] ?? 0) - middle <= kept) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** How many of the rising numbers are at most `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
