import { compareBytes } from '../../../sdk/protocol/bytes.ts';
import { isWholeRing, type IdInterval } from './id-interval.ts';
import { MAX_TABLE_ENTRIES } from './limits.ts';
import type { MemberRecord } from './member-record.ts';
import { MEMBER_STATES, type MemberState } from './membership-event.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import { LOAD_UNKNOWN, ownsKeys, type RingEntry, type RingTable } from './ring-table.ts';
import { IdColumn, SortedSlots } from './sorted-slots.ts';
import { addEntry, emptyDigest, removeEntry, type TableDigest } from './table-digest.ts';

const FIRST_CAPACITY = 16;

interface Columns {
  readonly incarnation: Uint32Array;
  readonly state: Uint8Array;
  readonly load: Uint8Array;
  readonly delayMs: Float32Array;
}

/**
 * The full table of the ring: every member and every tombstone, by position. Alive and suspect members are in the
 * ring, i.e. own keys; left and failed ones are kept as tombstones (RING.md, identity, table, successor).
 */
export class RoutingTable implements RingTable {
  readonly #ids = new IdColumn();
  readonly #all = new SortedSlots(this.#ids);
  readonly #ring = new SortedSlots(this.#ids);
  #columns: Columns = newColumns(FIRST_CAPACITY);
  readonly #records: MemberRecord[] = [];
  readonly #freeSlots: number[] = [];
  #digest: TableDigest = emptyDigest();

  /** Members that own keys. */
  get ringSize(): number {
    return this.#ring.length;
  }

  /** Members and tombstones. */
  get size(): number {
    return this.#all.length;
  }

  /** Bytes of all columns; the signed records are referenced, not copied (README.md). */
  get columnBytes(): number {
    const { incarnation, state, load, delayMs } = this.#columns;
    const values = incarnation.byteLength + state.byteLength + load.byteLength + delayMs.byteLength;
    return this.#ids.byteLength + this.#all.byteLength + this.#ring.byteLength + values;
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
    if (rank >= 0) this.#digest = removeEntry(this.#digest, this.#entry(slot));
    const wasInRing = rank >= 0 && ownsKeys(this.#stateOf(slot));
    this.#records[slot] = record;
    this.#columns.incarnation[slot] = record.incarnation;
    this.#columns.state[slot] = MEMBER_STATES.indexOf(state);
    if (wasInRing !== ownsKeys(state)) {
      if (wasInRing) this.#ring.remove(nid);
      else this.#ring.insert(slot);
    }
    this.#digest = addEntry(this.#digest, this.#entry(slot));
  }

  /** Takes an entry out of the ring and the digest for good: the registry no longer knows it. */
  expel(nid: RingId): void {
    const rank = this.#all.rankOf(nid);
    if (rank < 0) return;
    const slot = this.#all.at(rank);
    this.#digest = removeEntry(this.#digest, this.#entry(slot));
    this.#ring.remove(nid);
    this.#all.remove(nid);
    this.#freeSlots.push(slot);
  }

  noteLoad(nid: RingId, load: number): void {
    const rank = this.#all.rankOf(nid);
    if (rank >= 0) this.#columns.load[this.#all.at(rank)] = load;
  }

  noteDelay(nid: RingId, delayMs: number): void {
    const rank = this.#all.rankOf(nid);
    if (rank < 0) return;
    const slot = this.#all.at(rank);
    const held = this.#columns.delayMs[slot] ?? Number.NaN;
    this.#columns.delayMs[slot] = Number.isNaN(held) ? delayMs : held * 0.8 + delayMs * 0.2;
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

  #append(nid: RingId): number {
    const slot = this.#freeSlots.pop() ?? this.#records.length;
    if (slot >= MAX_TABLE_ENTRIES) {
      throw new RingError('RING_TABLE_FULL', 'The ring table is full.', { entries: MAX_TABLE_ENTRIES });
    }
    if (slot >= this.#columns.state.length) this.#columns = grownColumns(this.#columns);
    this.#ids.set(slot, nid);
    this.#all.insert(slot);
    this.#columns.load[slot] = LOAD_UNKNOWN;
    this.#columns.delayMs[slot] = Number.NaN;
    this.#columns.state[slot] = MEMBER_STATES.indexOf('left');
    return slot;
  }

  #stateOf(slot: number): MemberState {
    return MEMBER_STATES[this.#columns.state[slot] ?? 0] ?? 'alive';
  }

  #entry(slot: number): RingEntry {
    const record = this.#records[slot];
    if (record === undefined) {
      throw new RingError('RING_ID_INVALID', 'The table has no record in this slot.', { slot });
    }
    return {
      nid: this.#ids.at(slot).slice(),
      record,
      incarnation: this.#columns.incarnation[slot] ?? 0,
      state: this.#stateOf(slot),
      load: this.#columns.load[slot] ?? LOAD_UNKNOWN,
      delayMs: this.#columns.delayMs[slot] ?? Number.NaN,
    };
  }
}

function newColumns(capacity: number): Columns {
  return {
    incarnation: new Uint32Array(capacity),
    state: new Uint8Array(capacity),
    load: new Uint8Array(capacity),
    delayMs: new Float32Array(capacity),
  };
}

function grownColumns(columns: Columns): Columns {
  const grown = newColumns(columns.state.length * 2);
  grown.incarnation.set(columns.incarnation);
  grown.state.set(columns.state);
  grown.load.set(columns.load);
  grown.delayMs.set(columns.delayMs);
  return grown;
}
