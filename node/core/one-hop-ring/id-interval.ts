import { compareBytes, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { RING_ID_BYTES } from './limits.ts';
import { memberName, NAME_BYTES } from './member-names.ts';
import type { RingId } from './ring-identifier.ts';

/** A clockwise stretch of the ring, `from` included, `to` excluded; equal ends mean the whole ring. */
export interface IdInterval {
  readonly from: RingId;
  readonly to: RingId;
}

/** Everybody, in its shortest form. */
export const WHOLE_RING: IdInterval = {
  from: new Uint8Array(RING_ID_BYTES),
  to: new Uint8Array(RING_ID_BYTES),
};

export function isWholeRing(interval: IdInterval): boolean {
  return equalBytes(interval.from, interval.to);
}

export function contains(interval: IdInterval, id: RingId): boolean {
  const afterFrom = compareBytes(id, interval.from) >= 0;
  const beforeTo = compareBytes(id, interval.to) < 0;
  return compareBytes(interval.from, interval.to) < 0 ? afterFrom && beforeTo : afterFrom || beforeTo;
}

/** Does `outer` contain every position of `inner`? */
export function includes(outer: IdInterval, inner: IdInterval): boolean {
  if (isWholeRing(outer)) return true;
  if (isWholeRing(inner) || !contains(outer, inner.from)) return false;
  const beginsTogether = equalBytes(inner.from, outer.from);
  if (!beginsTogether && contains(inner, outer.from)) return false;
  const endsInside = contains(outer, inner.to) && !equalBytes(inner.to, outer.from);
  return endsInside || equalBytes(inner.to, outer.to);
}

/**
 * The cell of one position: all positions that share its name. No two members share one (SPEC.md, names), so a cell
 * cut out of an interval takes nobody else with it, and its ends are short.
 */
export function cellOf(id: RingId): IdInterval {
  const from = new Uint8Array(RING_ID_BYTES);
  from.set(memberName(id));
  return { from, to: afterCell(id) };
}

/** The interval without the cell of one position: two pieces, one, or none. */
export function withoutCell(interval: IdInterval, id: RingId): IdInterval[] {
  if (!contains(interval, id)) return [interval];
  const cell = cellOf(id);
  if (isWholeRing(interval)) return [{ from: cell.to, to: cell.from }];
  const pieces: IdInterval[] = [];
  if (!equalBytes(interval.from, cell.from)) pieces.push({ from: interval.from, to: cell.from });
  if (!equalBytes(cell.to, interval.to)) pieces.push({ from: cell.to, to: interval.to });
  return pieces;
}

/**
 * The shortest boundary between two neighbours: after `before`, not after `next`, with the fewest significant bytes.
 * Whoever lies between them, known or not, is on exactly one side of it.
 */
export function separator(before: RingId, next: RingId): RingId {
  const boundary = new Uint8Array(RING_ID_BYTES);
  // Past zero every boundary up to `next` will do; zero itself has no significant bytes at all.
  if (compareBytes(before, next) >= 0) return boundary;
  for (let i = 0; i < NAME_BYTES; i++) {
    boundary[i] = next[i] ?? 0;
    if (before[i] !== next[i]) break;
  }
  return boundary;
}

/** First position after the cell of `id`, zero after the last. */
function afterCell(id: RingId): RingId {
  const next = new Uint8Array(RING_ID_BYTES);
  next.set(memberName(id));
  for (let i = NAME_BYTES - 1; i >= 0; i--) {
    const sum = (next[i] ?? 0) + 1;
    next[i] = sum & 0xff;
    if (sum <= 0xff) break;
  }
  return next;
}
