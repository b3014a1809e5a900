import { compareBytes } from '../../../sdk/protocol/bytes.ts';
import { arcBits, arcOf, arcStart } from './arcs.ts';
import { separator, withoutCell, type IdInterval } from './id-interval.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingEntry, RingTable } from './ring-table.ts';

/** A child of the tree and the interval that it must cover, its own position included. */
export interface Delegation {
  readonly child: RingEntry;
  readonly interval: IdInterval;
}

/** Members looked at for one that may head a part, before its first member must. */
const MAX_HEADS_TRIED = 8;

/** A run of members by rank, and where its interval begins. */
interface Part {
  readonly firstRank: number;
  readonly from: RingId;
}

/**
 * Splits the duty to cover `interval` among children (RING.md, events and the tree): over several arcs, one child for
 * each arc; within one arc, at most 2^arcBits children by rank. The intervals of the children partition what is left
 * after the excluded members, so nobody is delegated twice, and a member unknown to us can still be known below. They
 * are cut at arcs and at the shortest boundary between two neighbours. The cost is that of the children, whatever the
 * number of members.
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
  if (table.ringSize === 0) return [];
  let pieces: IdInterval[] = [interval];
  for (const id of excluded) pieces = pieces.flatMap((piece) => withoutCell(piece, id));
  return pieces.flatMap((piece) => splitPiece(table, piece, avoid));
}

function splitPiece(table: RingTable, piece: IdInterval, avoid: (entry: RingEntry) => boolean): Delegation[] {
  const { first, count } = table.ringRange(piece);
  if (count === 0) return [];
  const parts = partsByArc(table, piece, { first, count }) ?? partsByRank(table, piece, { first, count });
  return parts.map(({ firstRank, from }, index) => {
    const next = parts[index + 1];
    const child = headOf(table, firstRank, (next?.firstRank ?? first + count) - firstRank, avoid);
    return { child, interval: { from, to: next?.from ?? piece.to } };
  });
}

/** The first member of the run that need not be avoided; the very first if the search gets long. */
function headOf(
  table: RingTable,
  firstRank: number,
  count: number,
  avoid: (entry: RingEntry) => boolean,
): RingEntry {
  for (let i = 0; i < Math.min(count, MAX_HEADS_TRIED); i++) {
    const entry = table.ringEntryAt(firstRank + i);
    if (!avoid(entry)) return entry;
  }
  return table.ringEntryAt(firstRank);
}

interface Run {
  readonly first: number;
  readonly count: number;
}

/** One part for each arc that has members in the piece; undefined if all are in one arc. */
function partsByArc(table: RingTable, piece: IdInterval, { first, count }: Run): Part[] | undefined {
  const bits = arcBits(table.ringSize);
  const lowest = table.ringEntryAt(first).nid;
  const highest = table.ringEntryAt(first + count - 1).nid;
  const firstArc = arcOf(lowest, bits);
  const lastArc = arcOf(highest, bits);
  const passesZero = compareBytes(lowest, highest) > 0;
  if (firstArc === lastArc && !passesZero) return undefined;
  const arcs = 2 ** bits;
  const steps = (lastArc - firstArc + arcs) % arcs || arcs;
  const parts: Part[] = [{ firstRank: first, from: piece.from }];
  for (let step = 1; step <= steps; step++) {
    const from = arcStart((firstArc + step) % arcs, bits);
    const rank = table.ringRange({ from, to: piece.to }).first;
    const firstRank = first + ((rank - first + table.ringSize) % table.ringSize);
    // An arc without members joins the part before it, which leaves no gap.
    if (parts.at(-1)?.firstRank !== firstRank) parts.push({ firstRank, from });
  }
  return parts;
}

/** As many parts as an arc has children at most, all equally long. */
function partsByRank(table: RingTable, piece: IdInterval, { first, count }: Run): Part[] {
  const fanOut = Math.min(2 ** arcBits(table.ringSize), count);
  return Array.from({ length: fanOut }, (_, part) => {
    const firstRank = first + Math.floor((part * count) / fanOut);
    if (part === 0) return { firstRank, from: piece.from };
    const before = table.ringEntryAt(firstRank - 1).nid;
    return { firstRank, from: separator(before, table.ringEntryAt(firstRank).nid) };
  });
}
