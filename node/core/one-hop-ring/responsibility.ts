import type { IdInterval } from './id-interval.ts';
import { nextId, type RingId } from './ring-identifier.ts';
import type { RingTable } from './ring-table.ts';

/**
 * The keys for which a member at this position is, or would be, one of the first `count` members: those behind its
 * `count`-th predecessor, up to itself.
 */
export function keysServedBy(table: RingTable, nid: RingId, count: number): IdInterval {
  const before = table.predecessor(nid, count);
  const others = table.ringSize - (table.isInRing(nid) ? 1 : 0);
  if (before === undefined || others < count) return { from: nid, to: nid };
  return { from: nextId(before.nid), to: nextId(nid) };
}

/** Are there at most `steps` members between two positions, on the shorter way? */
export function isNear(table: RingTable, a: RingId, b: RingId, steps: number): boolean {
  const between = table.ringRange({ from: a, to: b }).count;
  return Math.min(between, table.ringSize - between) <= steps;
}
