import { compareBytes } from '../../../sdk/protocol/bytes.ts';
import { IdColumn } from './id-column.ts';
import { BucketDigests, bucketOf, bucketStart } from './bucket-digests.ts';
import { isWholeRing, type IdInterval } from './id-interval.ts';
import { MAX_TABLE_ENTRIES } from './limits.ts';
import type { MemberRecord } from './member-record.ts';
import type { MemberState } from './membership-event.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import { LOAD_UNKNOWN, ownsKeys, type RingEntry, type RingTable } from './ring-table.ts';
import { SlotValues } from './slot-values.ts';
import { SortedSlots } from './sorted-slots.ts';
import { addEntry, emptyDigest, removeEntry, sumOf, without, type TableDigest } from './table-digest.ts';

const FIRST_CAPACITY = 16;
/** Share of the slots, as a shift, that the table grows by, and that must be freed before they are used again. */
const SPARE_SHIFT = 3;

/**
 * The full table of the ring: every member and every tombstone, by position. Alive and suspect members are in the
 * ring, i.e. own keys; left and failed ones are kept as tombstones (RING.md, identity, table, successor).
 */
export class RoutingTable implements RingTable {
  readonly #ids = new IdColumn(FIRST_CAPACITY);
  readonly #all = new SortedSlots(this.#ids);
  readonly #ring = new SortedSlots(this.#ids);
  readonly #values = new SlotValues(FIRST_CAPACITY);
  readonly #records: (MemberRecord | undefined)[] = [];
  /** Slots that may be written. */
  #freeSlots: number[] = [];
  /** Slots of expelled entries: their positions may still be looked at until the columns move. */
  #formerSlots: number[] = [];
  readonly #failedSlots: number[] = [];
  #digest: TableDigest = emptyDigest();
  /** Made when the first range is asked for. */
  #buckets: BucketDigests | undefined;

  /** Members that own keys. */
  get ringSize(): number {
    return this.#ring.length;
  }

  /** Members and tombstones. */
  get size(): number {
    return this.#all.length;
  }

  get failedCount(): number {
    return this.#failedSlots.length;
  }

  /** Bytes of all columns; the signed records are referenced, not copied (README.md). */
  get columnBytes(): number {
    const columnBytes = this.#ids.byteLength + this.#all.byteLength + this.#ring.byteLength;
    return columnBytes + this.#values.byteLength + (this.#buckets?.byteLength ?? 0);
  }

  /** Equal tables have equal digests; suspicion does not count, it passes. */
  get digest(): TableDigest {
    return this.#digest;
  }

  find(nid: RingId): RingEntry | undefined {
    const rank = this.#all.rankOf(nid);
    return rank < 0 ? undefined : this.#entry(this.#all.at(rank));
  }

  isInRing(nid: RingId): boolean {
    return this.#ring.rankOf(nid) >= 0;
  }

  /**
   * Inserts or replaces the entry at this position.
   * @throws RingError RING_TABLE_FULL
   */
  put(nid: RingId, record: MemberRecord, state: MemberState): void {
    const rank = this.#all.rankOf(nid);
    const slot = rank < 0 ? this.#append(nid) : this.#all.at(rank);
    if (rank >= 0) this.#uncount(this.#entry(slot));
    const wasInRing = rank >= 0 && ownsKeys(this.#values.stateOf(slot));
    if (rank >= 0) this.#forgetFailed(slot);
    if (state === 'failed') this.#failedSlots.push(slot);
    this.#records[slot] = record;
    this.#values.setClaim(slot, record.incarnation, state);
    if (wasInRing !== ownsKeys(state)) {
      if (wasInRing) this.#ring.remove(nid);
      else this.#ring.insert(slot);
    }
    const entry = this.#entry(slot);
    this.#digest = addEntry(this.#digest, entry);
    this.#buckets?.add(entry);
  }

  /** Takes an entry out of the ring and the digest for good: the registry no longer knows it. */
  expel(nid: RingId): void {
    const rank = this.#all.rankOf(nid);
    if (rank < 0) return;
    const slot = this.#all.at(rank);
    this.#uncount(this.#entry(slot));
    this.#forgetFailed(slot);
    this.#ring.remove(nid);
    this.#all.remove(nid);
    this.#records[slot] = undefined;
    this.#formerSlots.push(slot);
  }

  noteLoad(nid: RingId, load: number): void {
    const rank = this.#all.rankOf(nid);
    if (rank >= 0) this.#values.setLoad(this.#all.at(rank), load);
  }

  noteDelay(nid: RingId, delayMs: number): void {
    const rank = this.#all.rankOf(nid);
    if (rank < 0) return;
    const slot = this.#all.at(rank);
    const held = this.#values.delayMsOf(slot);
    this.#values.setDelayMs(slot, Number.isNaN(held) ? delayMs : held * 0.8 + delayMs * 0.2);
  }

  /** The owner of a key: the first member at or after it, clockwise. */
  successor(key: RingId): RingEntry | undefined {
    if (this.#ring.length === 0) return undefined;
    return this.ringEntryAt(this.#ring.lowerBound(key));
  }

  /** The first `count` members at or after a key: the holders of its replicas. */
  successors(key: RingId, count: number): RingEntry[] {
    const first = this.#ring.lowerBound(key);
    const found: RingEntry[] = [];
    for (let i = 0; i < Math.min(count, this.#ring.length); i++) found.push(this.ringEntryAt(first + i));
    return found;
  }

  /** The member `steps` places before this position, the position itself not counted. */
  predecessor(nid: RingId, steps = 1): RingEntry | undefined {
    if (this.#ring.length === 0) return undefined;
    return this.ringEntryAt(this.#ring.lowerBound(nid) - steps);
  }

  /** Ring members within an interval: rank of the first, and how many follow clockwise. */
  ringRange(interval: IdInterval): { readonly first: number; readonly count: number } {
    const first = this.#ring.lowerBound(interval.from);
    if (isWholeRing(interval)) return { first, count: this.#ring.length };
    const end = this.#ring.lowerBound(interval.to);
    const passesZero = compareBytes(interval.from, interval.to) > 0;
    return { first, count: passesZero ? this.#ring.length - first + end : end - first };
  }

  /** Member at a rank; any integer is taken modulo the ring's size. The ring must not be empty. */
  ringEntryAt(rank: number): RingEntry {
    const size = this.#ring.length;
    return this.#entry(this.#ring.at(((rank % size) + size) % size));
  }

  /** A failed member by a number from 0 to `failedCount - 1`, in no particular order. */
  failedAt(index: number): RingEntry {
    return this.#entry(this.#failedSlots[index] ?? -1);
  }

  /** Members in ring order. */
  *members(): Generator<RingEntry> {
    for (let rank = 0; rank < this.#ring.length; rank++) yield this.#entry(this.#ring.at(rank));
  }

  /** Members and tombstones in ring order. */
  *entries(): Generator<RingEntry> {
    for (let rank = 0; rank < this.#all.length; rank++) yield this.#entry(this.#all.at(rank));
  }

  /** Entries, tombstones included, from a position on, in ring order without passing zero. */
  *entriesFrom(nid: RingId): Generator<RingEntry> {
    for (let rank = this.#all.lowerBound(nid); rank < this.#all.length; rank++) {
      yield this.#entry(this.#all.at(rank));
    }
  }

  /** Entries, tombstones included, within an interval, clockwise. */
  *entriesIn(interval: IdInterval): Generator<RingEntry> {
    const size = this.#all.length;
    const first = this.#all.lowerBound(interval.from);
    const end = this.#all.lowerBound(interval.to);
    const wraps = compareBytes(interval.from, interval.to) >= 0;
    const count = wraps ? size - first + end : end - first;
    for (let i = 0; i < count; i++) yield this.#entry(this.#all.at((first + i) % size));
  }

  /** Digest of the entries within an interval; of the whole ring it is `digest`. */
  rangeDigest(interval: IdInterval): TableDigest {
    if (isWholeRing(interval)) return this.#digest;
    const between = without(this.#digestBefore(interval.to), this.#digestBefore(interval.from));
    return compareBytes(interval.from, interval.to) > 0 ? sumOf(between, this.#digest) : between;
  }

  /** Digest of everything before a position, counted from zero. */
  #digestBefore(nid: RingId): TableDigest {
    this.#buckets ??= this.#newBuckets();
    const bucket = bucketOf(nid);
    let digest = this.#buckets.before(bucket);
    const end = this.#all.lowerBound(nid);
    for (let rank = this.#all.lowerBound(bucketStart(bucket)); rank < end; rank++) {
      digest = addEntry(digest, this.#entry(this.#all.at(rank)));
    }
    return digest;
  }

  #newBuckets(): BucketDigests {
    const buckets = new BucketDigests();
    for (const entry of this.entries()) buckets.add(entry);
    return buckets;
  }

  #uncount(entry: RingEntry): void {
    this.#digest = removeEntry(this.#digest, entry);
    this.#buckets?.remove(entry);
  }

  #forgetFailed(slot: number): void {
    if (this.#values.stateOf(slot) !== 'failed') return;
    const index = this.#failedSlots.indexOf(slot);
    const last = this.#failedSlots.pop();
    if (last !== undefined && index < this.#failedSlots.length) this.#failedSlots[index] = last;
  }

  #append(nid: RingId): number {
    if (this.#all.length >= MAX_TABLE_ENTRIES) {
      throw new RingError('RING_TABLE_FULL', 'The ring table is full.', { entries: MAX_TABLE_ENTRIES });
    }
    if (this.#freeSlots.length === 0 && this.#records.length === this.#ids.capacity) this.#makeRoom();
    const slot = this.#freeSlots.pop() ?? this.#records.length;
    this.#ids.set(slot, nid);
    this.#all.insert(slot);
    this.#values.setLoad(slot, LOAD_UNKNOWN);
    this.#values.setDelayMs(slot, Number.NaN);
    return slot;
  }

  /** Moves the columns: to more slots, or to as many if enough have been freed. */
  #makeRoom(): void {
    const { capacity } = this.#ids;
    const spare = Math.max(FIRST_CAPACITY, capacity >>> SPARE_SHIFT);
    const isFreed = this.#formerSlots.length >= spare;
    this.#ids.resize(isFreed ? capacity : capacity + spare);
    if (!isFreed) this.#values.resize(capacity + spare);
    this.#freeSlots = this.#formerSlots;
    this.#formerSlots = [];
  }

  #entry(slot: number): RingEntry {
    const record = this.#records[slot];
    if (record === undefined) {
      throw new RingError('RING_TABLE_SLOT_EMPTY', 'The table has no record in this slot.', { slot });
    }
    return {
      nid: this.#ids.at(slot),
      record,
      incarnation: this.#values.incarnationOf(slot),
      state: this.#values.stateOf(slot),
      load: this.#values.loadOf(slot),
      delayMs: this.#values.delayMsOf(slot),
    };
  }
}
