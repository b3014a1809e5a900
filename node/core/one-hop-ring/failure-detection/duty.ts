import { compareBytes, equalBytes } from '../../../../sdk/protocol/bytes.ts';
import { arcBits, arcOf, leaderOf } from '../arcs.ts';
import { MAX_WATCHED } from '../limits.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingEntry, RingTable } from '../ring-table.ts';
import type { ObservedIntervals } from './observer-rings.ts';

/** Silent predecessors in a row whose place a node takes. */
const MAX_STOOD_IN_FOR = 16;

/**
 * The members that a node keeps alive (RING.md, failure detection): its predecessor, those that it observes on the
 * turned rings, and as the leader of its arc the next arc's leader. For silent predecessors it stands in: it watches
 * them, the one before them, and whom they observed.
 */
export function dutyOf(
  table: RingTable,
  observed: ObservedIntervals,
  isSilent: (nid: RingId) => boolean,
): RingEntry[] {
  const { own } = observed;
  const duty: RingEntry[] = [];
  const add = (entry: RingEntry): void => {
    if (duty.length >= MAX_WATCHED || equalBytes(entry.nid, own)) return;
    if (!duty.some((other) => equalBytes(other.nid, entry.nid))) duty.push(entry);
  };
  let previous = own;
  const most = Math.min(MAX_STOOD_IN_FOR, table.ringSize - 1);
  for (let steps = 1; steps <= most; steps++) {
    const entry = table.predecessor(own, steps);
    if (entry === undefined || equalBytes(entry.nid, own)) break;
    add(entry);
    previous = entry.nid;
    if (!isSilent(entry.nid)) break;
  }
  if (table.ringSize < 2) return [];
  for (const interval of observed.after(previous)) {
    const { first, count } = table.ringRange(interval);
    for (let i = 0; i < Math.min(count, MAX_WATCHED); i++) add(table.ringEntryAt(first + i));
  }
  const neighbour = neighbouringLeader(table, own);
  if (neighbour !== undefined) add(neighbour);
  return duty;
}

/** For the leader of an arc: the leader of the next arc that has members. */
function neighbouringLeader(table: RingTable, own: RingId): RingEntry | undefined {
  const bits = arcBits(table.ringSize);
  const arc = arcOf(own, bits);
  const before = table.predecessor(own);
  if (before?.state === 'alive' && arcOf(before.nid, bits) === arc && compareBytes(before.nid, own) < 0)
    return undefined;
  const leader = leaderOf(table, arc);
  if (leader === undefined || !equalBytes(leader.nid, own)) return undefined;
  const arcs = 2 ** bits;
  for (let step = 1; step < arcs; step++) {
    const next = leaderOf(table, (arc + step) % arcs);
    if (next !== undefined) return next;
  }
  return undefined;
}
