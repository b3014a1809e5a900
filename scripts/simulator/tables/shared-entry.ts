import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import type { MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import { MEMBER_STATES, type MemberState } from '../../../node/core/one-hop-ring/membership-event.ts';
import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { LOAD_UNKNOWN, ownsKeys, type RingEntry } from '../../../node/core/one-hop-ring/ring-table.ts';
import { mix } from '../../measuring/random-streams.ts';

/** What one place of a table holds: one object for all tables that hold the same. */
export interface SharedEntry {
  readonly nid: RingId;
  /** The 32 leading bits of the position. */
  readonly word: number;
  /** Undefined: the place is empty, the entry was expelled. */
  readonly entry: RingEntry | undefined;
  /** The entry owns keys. */
  readonly inRing: boolean;
  /** Random for each content; an empty place has 0. Their sums tell whole tables apart. */
  readonly marks: Marks;
}

/** Three independent 32-bit numbers. */
export type Marks = readonly [number, number, number];

export const NO_MARKS: Marks = [0, 0, 0];

export function addMarks(sum: Marks, marks: Marks): Marks {
  return [(sum[0] + marks[0]) >>> 0, (sum[1] + marks[1]) >>> 0, (sum[2] + marks[2]) >>> 0];
}

export function subtractMarks(sum: Marks, marks: Marks): Marks {
  return [(sum[0] - marks[0]) >>> 0, (sum[1] - marks[1]) >>> 0, (sum[2] - marks[2]) >>> 0];
}

/** The 53 leading bits of a position or key as a number: unique in practice, but compare the bytes after a hit. */
export function leadingBits(id: Uint8Array): number {
  const next = ((id[4] ?? 0) << 13) | ((id[5] ?? 0) << 5) | ((id[6] ?? 0) >>> 3);
  return leadingWord(id) * 0x20_0000 + next;
}

/** Random numbers that belong to a position alone. */
export function positionMarks(nid: RingId): Marks {
  const [a, b] = [leadingWord(nid), leadingWord(nid.subarray(4, 8))];
  const first = mix(a ^ mix(b ^ 0x3c6e_f372));
  const second = mix(b ^ mix(a ^ 0xa54f_f53a));
  return [first, second, mix(first ^ leadingWord(nid.subarray(28, 32)))];
}

/** All contents that any table of a simulation has held, each once. */
export class SharedEntries {
  readonly #byRecord = new WeakMap<MemberRecord, SharedEntry[]>();
  readonly #byPosition = new Map<number, SharedEntry[]>();
  #lastMark = 0;

  /** The one object for this content; records with equal bytes are the same. */
  intern(nid: RingId, record: MemberRecord, state: MemberState): SharedEntry {
    const known = this.#byRecord.get(record);
    const found = known?.find((each) => each.entry?.state === state && equalBytes(each.nid, nid));
    if (found !== undefined) return found;
    const shared = this.#byContent(nid, record, state);
    if (known === undefined) this.#byRecord.set(record, [shared]);
    else known.push(shared);
    return shared;
  }

  #byContent(nid: RingId, record: MemberRecord, state: MemberState): SharedEntry {
    const key = leadingBits(nid);
    let held = this.#byPosition.get(key);
    if (held === undefined) this.#byPosition.set(key, (held = []));
    for (const each of held) {
      if (each.entry?.state !== state || !equalBytes(each.nid, nid)) continue;
      if (equalBytes(each.entry.record.encoded, record.encoded)) return each;
    }
    const shared = this.#make(nid, record, state);
    held.push(shared);
    return shared;
  }

  #make(nid: RingId, record: MemberRecord, state: MemberState): SharedEntry {
    this.#lastMark += 1;
    const { incarnation } = record;
    const own = Uint8Array.from(nid);
    const serial = mix(this.#lastMark);
    const stateCode = MEMBER_STATES.indexOf(state);
    return {
      nid: own,
      word: leadingWord(own),
      entry: { nid: own, record, incarnation, state, load: LOAD_UNKNOWN, delayMs: Number.NaN },
      inRing: ownsKeys(state),
      marks: [mix(serial ^ 0x510e_527f), mix(serial ^ 0x9b05_688c), mix(serial ^ mix(stateCode + 1))],
    };
  }
}

/** The content of a place whose entry was expelled. */
export function emptyPlace(nid: RingId): SharedEntry {
  const own = Uint8Array.from(nid);
  return { nid: own, word: leadingWord(own), entry: undefined, inRing: false, marks: NO_MARKS };
}

/** Order of two places on the ring. */
export function compareEntries(a: SharedEntry, b: SharedEntry): number {
  return a.word === b.word ? comparePositions(a.nid, b.nid) : a.word - b.word;
}

/** Does this place stand before a position? `word` are the position's leading bits: they decide nearly always. */
export function isBefore(place: Pick<SharedEntry, 'nid' | 'word'>, word: number, nid: RingId): boolean {
  return place.word === word ? comparePositions(place.nid, nid) < 0 : place.word < word;
}

export function comparePositions(a: RingId, b: RingId): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
