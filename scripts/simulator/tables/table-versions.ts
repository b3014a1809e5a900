import { addEntry, removeEntry } from '../../../node/core/one-hop-ring/table-digest.ts';
import { BaseTable } from './base-table.ts';
import { compareEntries, NO_MARKS, SharedEntries, type Marks, type SharedEntry } from './shared-entry.ts';
import { changedRingMarks, TableVersion } from './table-version.ts';

/** Unused versions are forgotten when so many were made since the last time. */
const SWEEP_AFTER = 2_048;

/**
 * All contents that the tables of a simulation hold now. A table that changes asks for the version with the changed
 * content and finds it if any other table got there before: the 10^5 tables of a ring in agreement are one version.
 * The sums of random marks tell contents apart: 85 bits, so that no run will ever see two contents as one.
 */
export class TableVersions {
  readonly entries = new SharedEntries();
  readonly empty: TableVersion;
  readonly #versions = new Map<number, TableVersion>();
  /** Versions with many changes are expressed by the newest base if they are near it. */
  #newestBase: BaseTable;
  #madeSinceSweep = 0;

  constructor() {
    this.#newestBase = new BaseTable([]);
    this.empty = new TableVersion(this.#newestBase, [], NO_MARKS);
    this.#versions.set(keyOf(NO_MARKS), this.empty);
  }

  /** Contents held by at least one table. */
  get inUse(): number {
    let count = 0;
    for (const version of this.#versions.values()) if (version.holders > 0) count += 1;
    return count;
  }

  /** The version with these places changed; `marks` is its sum. The old one is kept for others. */
  changed(from: TableVersion, changes: Iterable<SharedEntry>, marks: Marks): TableVersion {
    const key = keyOf(marks);
    const held = this.#versions.get(key);
    if (held?.marks[2] === marks[2]) return held;
    const version = this.#make(from, [...changes].sort(compareEntries), marks);
    this.#versions.set(key, version);
    this.#madeSinceSweep += 1;
    if (this.#madeSinceSweep > SWEEP_AFTER) this.#sweep();
    return version;
  }

  /** A table moved from one version to another. */
  move(from: TableVersion | undefined, to: TableVersion | undefined): void {
    if (from !== undefined) from.holders -= 1;
    if (to !== undefined) to.holders += 1;
  }

  #make(from: TableVersion, sorted: readonly SharedEntry[], marks: Marks): TableVersion {
    const { base } = from;
    const changes = merged(base, from.changes, sorted);
    const most = mostChanges(base.items.length);
    const version =
      changes.length <= most
        ? new TableVersion(base, changes, marks)
        : this.#rebased(new TableVersion(base, changes, marks), most);
    if (from.isDigested) version.digest = digestAfter(from, sorted);
    if (from.hasRingMarks) {
      let ringMarks = from.ringMarks;
      for (const change of sorted) ringMarks = changedRingMarks(ringMarks, from.find(change.nid), change);
      version.ringMarks = ringMarks;
    }
    return version;
  }

  /** The same content expressed by the newest base, or by a base of its own that becomes the newest. */
  #rebased(version: TableVersion, most: number): TableVersion {
    const items = [...version.places()];
    const near = differences(this.#newestBase, items, most);
    if (near !== undefined) return new TableVersion(this.#newestBase, near, version.marks);
    this.#newestBase = new BaseTable(items);
    return new TableVersion(this.#newestBase, [], version.marks);
  }

  #sweep(): void {
    this.#madeSinceSweep = 0;
    for (const [key, version] of this.#versions) {
      if (version.holders === 0 && version !== this.empty) this.#versions.delete(key);
    }
  }
}

function keyOf(marks: Marks): number {
  return (marks[0] & 0x1f_ffff) * 0x1_0000_0000 + marks[1];
}

/** Searching the changes must stay cheap beside searching the base, and a base costs 20 bytes an entry. */
function mostChanges(baseSize: number): number {
  return 32 + 2 * Math.ceil(Math.sqrt(baseSize));
}

function digestAfter(from: TableVersion, sorted: readonly SharedEntry[]): TableVersion['digest'] {
  let { digest } = from;
  for (const change of sorted) {
    const before = from.find(change.nid)?.entry;
    if (before !== undefined) digest = removeEntry(digest, before);
    if (change.entry !== undefined) digest = addEntry(digest, change.entry);
  }
  return digest;
}

/** Two sorted lists of changes as one; the newer wins, and a change back to the base is none. */
function merged(
  base: BaseTable,
  older: readonly SharedEntry[],
  newer: readonly SharedEntry[],
): SharedEntry[] {
  const changes: SharedEntry[] = [];
  let i = 0;
  for (const change of newer) {
    let old = older[i];
    while (old !== undefined && compareEntries(old, change) < 0) {
      changes.push(old);
      old = older[++i];
    }
    if (old !== undefined && compareEntries(old, change) === 0) i += 1;
    const index = base.indexOf(change.nid);
    const isBack = index < 0 ? change.entry === undefined : base.items[index] === change;
    if (!isBack) changes.push(change);
  }
  for (; i < older.length; i++) {
    const old = older[i];
    if (old !== undefined) changes.push(old);
  }
  return changes;
}

/** How sorted items differ from a base, or undefined if in more than `most` places. */
function differences(
  base: BaseTable,
  items: readonly SharedEntry[],
  most: number,
): SharedEntry[] | undefined {
  const found: SharedEntry[] = [];
  let [i, j] = [0, 0];
  while (found.length <= most) {
    const mine = items[i];
    const theirs = base.items[j];
    if (mine === undefined && theirs === undefined) return found;
    const order = mine === undefined ? 1 : theirs === undefined ? -1 : compareEntries(mine, theirs);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    if (order > 0 && theirs !== undefined)
      found.push({ ...theirs, entry: undefined, inRing: false, marks: NO_MARKS });
    else if (mine !== undefined && mine !== theirs) found.push(mine);
  }
  return undefined;
}
