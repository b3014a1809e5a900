import { compareBytes } from '../../../sdk/protocol/bytes.ts';
import { isWholeRing, type IdInterval } from '../../../node/core/one-hop-ring/id-interval.ts';
import type { MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import type { MemberState } from '../../../node/core/one-hop-ring/membership-event.ts';
import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { LOAD_UNKNOWN, type RingEntry, type RingTable } from '../../../node/core/one-hop-ring/ring-table.ts';
import type { TableDigest } from '../../../node/core/one-hop-ring/table-digest.ts';
import { SimulatorError } from '../simulator-error.ts';
import {
  addMarks,
  comparePositions,
  emptyPlace,
  leadingBits,
  subtractMarks,
  type Marks,
  type SharedEntry,
} from './shared-entry.ts';
import type { TableVersion } from './table-version.ts';
import type { TableVersions } from './table-versions.ts';

/** Members whose measured delay and load one table remembers; a node measures few (README.md, tables). */
const MAX_NOTED = 64;

interface Noted {
  readonly nid: RingId;
  load: number;
  delayMs: number;
}

/**
 * The ring table of a simulated node: a version that it shares with all nodes of the same content, changes not yet
 * looked at, and what it measured itself.
 */
export class SharedTable implements RingTable {
  readonly #versions: TableVersions;
  #version: TableVersion;
  /** Changes since; turned into a version when somebody asks for an order or a digest. */
  #pending: Map<number, SharedEntry> | undefined;
  #marks: Marks;
  /** By the leading word, signed: a small integer, found faster than any other key. Of two alike the newer stays. */
  #noted: Map<number, Noted> | undefined;

  constructor(versions: TableVersions, version: TableVersion = versions.empty) {
    this.#versions = versions;
    this.#version = version;
    this.#marks = version.marks;
    versions.move(undefined, version);
  }

  /** The present content. */
  get version(): TableVersion {
    if (this.#pending !== undefined) {
      const changed = this.#versions.changed(this.#version, this.#pending.values(), this.#marks);
      this.#versions.move(this.#version, changed);
      this.#version = changed;
      this.#pending = undefined;
    }
    return this.#version;
  }

  /** The node is gone: its content may be forgotten. */
  release(): void {
    this.#pending = undefined;
    this.#versions.move(this.#version, this.#versions.empty);
    this.#version = this.#versions.empty;
    this.#marks = this.#version.marks;
  }

  get ringSize(): number {
    return this.version.ranks.length;
  }

  get size(): number {
    return this.version.size;
  }

  get failedCount(): number {
    return this.version.failed.length;
  }

  get digest(): TableDigest {
    return this.version.digest;
  }

  find(nid: RingId): RingEntry | undefined {
    const found = this.#place(nid);
    return found?.entry === undefined ? undefined : this.#own(found);
  }

  isInRing(nid: RingId): boolean {
    return this.#place(nid)?.inRing === true;
  }

  put(nid: RingId, record: MemberRecord, state: MemberState): void {
    this.#change(this.#versions.entries.intern(nid, record, state));
  }

  expel(nid: RingId): void {
    if (this.#place(nid)?.entry === undefined) return;
    this.#change(emptyPlace(nid));
    this.#noted?.delete(leadingWord(nid) | 0);
  }

  noteLoad(nid: RingId, load: number): void {
    const noted = this.#noteOf(nid);
    if (noted !== undefined) noted.load = load;
  }

  noteDelay(nid: RingId, delayMs: number): void {
    const noted = this.#noteOf(nid);
    if (noted === undefined) return;
    const held = noted.delayMs;
    noted.delayMs = Number.isNaN(held) ? delayMs : held * 0.8 + delayMs * 0.2;
  }

  successor(key: RingId): RingEntry | undefined {
    const { ranks } = this.version;
    return ranks.length === 0 ? undefined : this.ringEntryAt(ranks.lowerBound(key));
  }

  successors(key: RingId, count: number): RingEntry[] {
    const { ranks } = this.version;
    const first = ranks.lowerBound(key);
    const found: RingEntry[] = [];
    for (let i = 0; i < Math.min(count, ranks.length); i++) found.push(this.ringEntryAt(first + i));
    return found;
  }

  predecessor(nid: RingId, steps = 1): RingEntry | undefined {
    const { ranks } = this.version;
    return ranks.length === 0 ? undefined : this.ringEntryAt(ranks.lowerBound(nid) - steps);
  }

  ringRange(interval: IdInterval): { readonly first: number; readonly count: number } {
    const { ranks } = this.version;
    const first = ranks.lowerBound(interval.from);
    if (isWholeRing(interval)) return { first, count: ranks.length };
    const end = ranks.lowerBound(interval.to);
    const passesZero = compareBytes(interval.from, interval.to) > 0;
    return { first, count: passesZero ? ranks.length - first + end : end - first };
  }

  ringEntryAt(rank: number): RingEntry {
    const { version } = this;
    const size = version.ranks.length;
    return this.#own(version.memberAt(((rank % size) + size) % size));
  }

  failedAt(index: number): RingEntry {
    const place = this.version.failed[index];
    if (place === undefined) {
      throw new SimulatorError('TABLE_RANK_INVALID', `There is no failed member of number ${index}.`, {
        index,
      });
    }
    return this.#own(place);
  }

  *members(): Generator<RingEntry> {
    for (const place of this.version.places()) if (place.inRing) yield this.#own(place);
  }

  *entries(): Generator<RingEntry> {
    for (const place of this.version.places()) yield this.#own(place);
  }

  *entriesFrom(nid: RingId): Generator<RingEntry> {
    for (const place of this.version.places(nid)) yield this.#own(place);
  }

  *entriesIn(interval: IdInterval): Generator<RingEntry> {
    const passesZero = compareBytes(interval.from, interval.to) >= 0;
    for (const place of this.version.places(interval.from)) {
      if (!passesZero && compareBytes(place.nid, interval.to) >= 0) return;
      yield this.#own(place);
    }
    if (!passesZero) return;
    for (const place of this.version.places()) {
      if (compareBytes(place.nid, interval.to) >= 0) return;
      yield this.#own(place);
    }
  }

  rangeDigest(interval: IdInterval): TableDigest {
    if (isWholeRing(interval)) return this.digest;
    const { version } = this;
    const [from, to] = [version.digestBefore(interval.from), version.digestBefore(interval.to)];
    const passesZero = compareBytes(interval.from, interval.to) > 0;
    const round = passesZero ? version.digest : { high: 0, low: 0 };
    return { high: (to.high - from.high + round.high) >>> 0, low: (to.low - from.low + round.low) >>> 0 };
  }

  #place(nid: RingId): SharedEntry | undefined {
    const pending = this.#pending?.get(leadingBits(nid));
    if (pending !== undefined && comparePositions(pending.nid, nid) === 0) return pending;
    return this.#version.find(nid);
  }

  #change(after: SharedEntry): void {
    const before = this.#place(after.nid);
    if (before === after) return;
    const key = leadingBits(after.nid);
    const sameBits = this.#pending?.get(key);
    // Two positions with the same leading bits: let the one before it through first.
    if (sameBits !== undefined && comparePositions(sameBits.nid, after.nid) !== 0) void this.version;
    this.#pending ??= new Map();
    this.#pending.set(key, after);
    if (before !== undefined) this.#marks = subtractMarks(this.#marks, before.marks);
    this.#marks = addMarks(this.#marks, after.marks);
  }

  /** The shared entry, or a copy with what this node measured. */
  #own(place: SharedEntry): RingEntry {
    const entry = place.entry;
    if (entry === undefined) {
      throw new SimulatorError('TABLE_RANK_INVALID', 'An expelled entry was asked for.', {
        word: place.word,
      });
    }
    const noted = this.#noted?.get(place.word | 0);
    if (noted === undefined || comparePositions(noted.nid, place.nid) !== 0) return entry;
    return { ...entry, load: noted.load, delayMs: noted.delayMs };
  }

  /** Undefined for a position that is not in the table. */
  #noteOf(nid: RingId): Noted | undefined {
    const key = leadingWord(nid) | 0;
    const held = this.#noted?.get(key);
    if (held !== undefined && comparePositions(held.nid, nid) === 0) return held;
    const place = this.#place(nid);
    if (place?.entry === undefined) return undefined;
    this.#noted ??= new Map();
    const noted: Noted = { nid: place.nid, load: LOAD_UNKNOWN, delayMs: Number.NaN };
    this.#noted.set(key, noted);
    const oldest = this.#noted.keys().next();
    if (this.#noted.size > MAX_NOTED && oldest.done !== true) this.#noted.delete(oldest.value);
    return noted;
  }
}
