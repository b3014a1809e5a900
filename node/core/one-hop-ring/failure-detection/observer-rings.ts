import { bytesToHex, copyBytes, equalBytes } from '../../../../sdk/protocol/bytes.ts';
import type { IdInterval } from '../id-interval.ts';
import { leadingWord, nextId, withLeadingWord, type RingId } from '../ring-identifier.ts';
import type { RingEntry, RingTable } from '../ring-table.ts';

/** Pseudo-random rings on which every member has one observer: K in RING.md, failure detection. */
const OBSERVER_RINGS = 3;
/** 2^32 divided by the golden ratio: its multiples lie far from each other and from every arc's border. */
const TURN = 0x9e37_79b9;

/** Position on an observers' ring: the identifier ring, turned by a multiple of the golden section. */
export function turned(id: RingId, turns: number): RingId {
  return withLeadingWord(id, leadingWord(id) + Math.imul(turns, TURN));
}

/**
 * Who watches a member: its successor on the identifier ring, and the owner of its position on each turned ring.
 * Anybody can compute it, and the inverse, by a search of the table (README.md, observers).
 */
export function observersOf(table: RingTable, subject: RingId): RingEntry[] {
  const found = new Map<string, RingEntry>();
  for (let ring = 0; ring <= OBSERVER_RINGS; ring++) {
    const observer = table.successor(ring === 0 ? nextId(subject) : turned(subject, ring));
    if (observer !== undefined) found.set(bytesToHex(observer.nid), observer);
  }
  found.delete(bytesToHex(subject));
  return [...found.values()];
}

/** What one member observes on the turned rings; it changes only when its predecessor does. */
export class ObservedIntervals {
  readonly own: RingId;
  #previous: RingId;
  #intervals: readonly IdInterval[] = [];

  constructor(own: RingId) {
    this.own = own;
    this.#previous = own;
  }

  /**
   * The stretches of the identifier ring whose members the owner of `(previous, own]` observes on the turned rings.
   * Whoever stands in for silent predecessors passes the nearest one that is not silent as `previous`.
   */
  after(previous: RingId): readonly IdInterval[] {
    if (this.#intervals.length > 0 && equalBytes(previous, this.#previous)) return this.#intervals;
    this.#previous = copyBytes(previous);
    this.#intervals = Array.from({ length: OBSERVER_RINGS }, (_, i) => ({
      from: nextId(turned(previous, -1 - i)),
      to: nextId(turned(this.own, -1 - i)),
    }));
    return this.#intervals;
  }
}
