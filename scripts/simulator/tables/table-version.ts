import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { addEntry, removeEntry, type TableDigest } from '../../../node/core/one-hop-ring/table-digest.ts';
import type { BaseTable } from './base-table.ts';
import { RingRanks } from './ring-ranks.ts';
import {
  addMarks,
  comparePositions,
  NO_MARKS,
  positionMarks,
  subtractMarks,
  type Marks,
  type SharedEntry,
} from './shared-entry.ts';

/**
 * One content of a table, shared by every node that holds it: an immutable base and the places that differ from it,
 * sorted. Tables that took different ways to the same content meet in the same version (`TableVersions`).
 */
export class TableVersion {
  readonly base: BaseTable;
  readonly changes: readonly SharedEntry[];
  /** Sum of the marks of all places: tells contents apart. */
  readonly marks: Marks;
  /** Members and tombstones. */
  readonly size: number;
  /** Tables that hold this version now. */
  holders = 0;
  #ranks: RingRanks | undefined;
  #digest: TableDigest | undefined;
  #ringMarks: Marks | undefined;
  /** Leading words of the changes. */
  #words: Uint32Array | undefined;
  #failed: readonly SharedEntry[] | undefined;

  constructor(base: BaseTable, changes: readonly SharedEntry[], marks: Marks) {
    this.base = base;
    this.changes = changes;
    this.marks = marks;
    let size = base.items.length;
    for (const change of changes) {
      const held = base.indexOf(change.nid) >= 0;
      if (held && change.entry === undefined) size -= 1;
      if (!held && change.entry !== undefined) size += 1;
    }
    this.size = size;
  }

  get ranks(): RingRanks {
    return (this.#ranks ??= new RingRanks(this.base, this.changes));
  }

  get digest(): TableDigest {
    if (this.#digest === undefined) {
      this.#digest = this.#digestUpTo(this.base.items.length, this.changes.length);
    }
    return this.#digest;
  }

  /** Known without looking at every place, because the version before it knew its own. */
  set digest(digest: TableDigest) {
    this.#digest = digest;
  }

  get isDigested(): boolean {
    return this.#digest !== undefined;
  }

  /** Digest of everything before a position, counted from zero. Digests are sums, so ranges are differences. */
  digestBefore(nid: RingId): TableDigest {
    return this.#digestUpTo(this.base.lowerBound(nid), this.#changesBefore(nid));
  }

  /** Sum of the marks of the positions that own keys: two tables with the same ring have the same. */
  get ringMarks(): Marks {
    if (this.#ringMarks === undefined) {
      let sum = NO_MARKS;
      for (const place of this.places()) if (place.inRing) sum = addMarks(sum, positionMarks(place.nid));
      this.#ringMarks = sum;
    }
    return this.#ringMarks;
  }

  set ringMarks(marks: Marks) {
    this.#ringMarks = marks;
  }

  get hasRingMarks(): boolean {
    return this.#ringMarks !== undefined;
  }

  /** Entries of failed members. */
  get failed(): readonly SharedEntry[] {
    if (this.#failed === undefined) {
      const kept = this.base.failed.filter(
        (each) => this.changes.length === 0 || this.#changeAt(each.nid) === undefined,
      );
      this.#failed = [...kept, ...this.changes.filter((each) => each.entry?.state === 'failed')];
    }
    return this.#failed;
  }

  /** What stands at this position; an expelled place counts as nothing. */
  find(nid: RingId): SharedEntry | undefined {
    const change = this.#changeAt(nid);
    if (change !== undefined) return change.entry === undefined ? undefined : change;
    const index = this.base.indexOf(nid);
    return index < 0 ? undefined : this.base.items[index];
  }

  /** The ring member at a rank from 0 to `ranks.length - 1`. */
  memberAt(rank: number): SharedEntry {
    return this.ranks.at(rank);
  }

  /** Everything in ring order, from a position on. */
  *places(from?: RingId): Generator<SharedEntry> {
    const { items } = this.base;
    let index = from === undefined ? 0 : this.base.lowerBound(from);
    let change = from === undefined ? 0 : this.#changesBefore(from);
    for (;;) {
      const item = items[index];
      const next = this.changes[change];
      if (item === undefined && next === undefined) return;
      const order = item === undefined ? 1 : next === undefined ? -1 : comparePositions(item.nid, next.nid);
      if (order <= 0) index += 1;
      if (order >= 0) change += 1;
      const place = order < 0 ? item : next;
      if (place?.entry !== undefined) yield place;
    }
  }

  #digestUpTo(index: number, changes: number): TableDigest {
    let digest = this.base.digestBefore(index);
    for (let i = 0; i < changes; i++) {
      const change = this.changes[i];
      if (change === undefined) break;
      const before = this.base.items[this.base.indexOf(change.nid)]?.entry;
      if (before !== undefined) digest = removeEntry(digest, before);
      if (change.entry !== undefined) digest = addEntry(digest, change.entry);
    }
    return digest;
  }

  #changeAt(nid: RingId): SharedEntry | undefined {
    if (this.changes.length === 0) return undefined;
    const change = this.changes[this.#changesBefore(nid)];
    return change !== undefined && comparePositions(change.nid, nid) === 0 ? change : undefined;
  }

  #changesBefore(nid: RingId): number {
    const word = leadingWord(nid);
    const words = (this.#words ??= Uint32Array.from(this.changes, (change) => change.word));
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = words[middle] ?? 0;
      const isEarlier = other === word ? this.#isChangeBefore(middle, nid) : other < word;
      if (isEarlier) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isChangeBefore(index: number, nid: RingId): boolean {
    const change = this.changes[index];
    return change !== undefined && comparePositions(change.nid, nid) < 0;
  }
}

/** The ring marks after one place changed. */
export function changedRingMarks(marks: Marks, before: SharedEntry | undefined, after: SharedEntry): Marks {
  const wasInRing = before?.inRing === true;
  if (wasInRing === after.inRing) return marks;
  return wasInRing
    ? subtractMarks(marks, positionMarks(after.nid))
    : addMarks(marks, positionMarks(after.nid));
}
