import type { IdInterval } from './id-interval.ts';
import type { MemberRecord } from './member-record.ts';
import type { MemberState } from './membership-event.ts';
import type { RingId } from './ring-identifier.ts';
import type { TableDigest } from './table-digest.ts';

/** Load that nobody has reported yet. */
export const LOAD_UNKNOWN = 255;

/** One entry of the table. The same object may be given out again: never change it. */
export interface RingEntry {
  readonly nid: RingId;
  readonly record: MemberRecord;
  readonly incarnation: number;
  readonly state: MemberState;
  /** 0 idle to 254 full, `LOAD_UNKNOWN` if never heard. */
  readonly load: number;
  /** Measured round trip in milliseconds, NaN if never measured. */
  readonly delayMs: number;
}

/** Alive and suspect members own keys. */
export function ownsKeys(state: MemberState): boolean {
  return state === 'alive' || state === 'suspect';
}

/**
 * The full table of the ring: every member and every tombstone, by position. Alive and suspect members are in the
 * ring, i.e. own keys; left and failed ones are kept as tombstones (RING.md, identity, table, successor).
 *
 * A node keeps its table in columns (`RoutingTable`); a simulation of many nodes shares what their tables have in
 * common. Both are the same table to the protocol.
 */
export interface RingTable {
  /** Members that own keys. */
  readonly ringSize: number;
  /** Members and tombstones. */
  readonly size: number;
  /** Failed members that are still remembered. */
  readonly failedCount: number;
  /** Equal tables have equal digests; suspicion does not count, it passes. */
  readonly digest: TableDigest;

  find(nid: RingId): RingEntry | undefined;
  isInRing(nid: RingId): boolean;
  /**
   * Inserts or replaces the entry at this position.
   * @throws RingError RING_TABLE_FULL
   */
  put(nid: RingId, record: MemberRecord, state: MemberState): void;
  /** Takes an entry out of the ring and the digest for good: the registry no longer knows it. */
  expel(nid: RingId): void;
  noteLoad(nid: RingId, load: number): void;
  noteDelay(nid: RingId, delayMs: number): void;

  /** The owner of a key: the first member at or after it, clockwise. */
  successor(key: RingId): RingEntry | undefined;
  /** The first `count` members at or after a key: the holders of its replicas. */
  successors(key: RingId, count: number): RingEntry[];
  /** The member `steps` places before this position, the position itself not counted. */
  predecessor(nid: RingId, steps?: number): RingEntry | undefined;
  /** Ring members within an interval: rank of the first, and how many follow clockwise. */
  ringRange(interval: IdInterval): { readonly first: number; readonly count: number };
  /** Member at a rank; any integer is taken modulo the ring's size. The ring must not be empty. */
  ringEntryAt(rank: number): RingEntry;

  /** A failed member by a number from 0 to `failedCount - 1`, in no particular order. */
  failedAt(index: number): RingEntry;

  /** Members in ring order. */
  members(): Iterable<RingEntry>;
  /** Members and tombstones in ring order. */
  entries(): Iterable<RingEntry>;
  /** Entries, tombstones included, from a position on, in ring order without passing zero. */
  entriesFrom(nid: RingId): Iterable<RingEntry>;
  /** Entries, tombstones included, within an interval, clockwise. */
  entriesIn(interval: IdInterval): Iterable<RingEntry>;
  /** Digest of the entries within an interval; of the whole ring it is `digest`. */
  rangeDigest(interval: IdInterval): TableDigest;
}
