import { arcBits, arcOf } from './arcs.ts';
import { withoutPoint, type IdInterval } from './id-interval.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingEntry, RingTable } from './ring-table.ts';

/** A child of the tree and the interval that it must cover, its own position included. */
export interface Delegation {
  readonly child: RingEntry;
  readonly interval: IdInterval;
}

/**
 * Splits the duty to cover `interval` among children (RING.md, events and the tree): over several arcs, one child for
 * each arc; within one arc, at most 2^arcBits children by rank. The intervals of the children partition what is left
 * after the excluded points, so no position is delegated twice, and a member unknown to us can still be known below.
 *
 * Every member is reached exactly once if nothing is lost and each member knows its two neighbours (SPEC.md, tree).
 *
 * @param excluded positions that need no child: our own, and children that did not answer
 * @param avoid members that should not head a subtree (suspects); they are still covered
 */
export function splitDuty(
  table: RingTable,
  interval: IdInterval,
  excluded: readonly RingId[],
  avoid: (entry: RingEntry) => boolean,
): Delegation[] {
  let pieces: IdInterval[] = [interval];
  for (const point of excluded) pieces = pieces.flatMap((piece) => withoutPoint(piece, point));
  return pieces.flatMap((piece) => splitPiece(table, piece, avoid));
}

function splitPiece(table: RingTable, piece: IdInterval, avoid: (entry: RingEntry) => boolean): Delegation[] {
  if (table.ringSize === 0) return [];
  const { first, count } = table.ringRange(piece);
  if (count === 0) return [];
  const bits = arcBits(table.ringSize);
  const members: RingEntry[] = [];
  for (let i = 0; i < count; i++) members.push(table.ringEntryAt(first + i));
  const starts = chunkStarts(members, bits);
  return starts.flatMap((start, index) => {
    const end = starts[index + 1] ?? members.length;
    const chunk = members.slice(start, end);
    const child = chunk.find((member) => !avoid(member)) ?? chunk[0];
    if (child === undefined) return [];
    const from = index === 0 ? piece.from : (members[start]?.nid ?? piece.from);
    const to = members[end]?.nid ?? piece.to;
    return [{ child, interval: { from, to } }];
  });
}

/** Index of the first member of each chunk. */
function chunkStarts(members: readonly RingEntry[], bits: number): number[] {
  const byArc: number[] = [];
  let previousArc = -1;
  members.forEach((member, index) => {
    const arc = arcOf(member.nid, bits);
    if (arc !== previousArc) byArc.push(index);
    previousArc = arc;
  });
  if (byArc.length > 1) return byArc;
  const fanOut = Math.min(2 ** bits, members.length);
  return Array.from({ length: fanOut }, (_, chunk) => Math.floor((chunk * members.length) / fanOut));
}
