import { compareBytes, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { nextId, type RingId } from './ring-identifier.ts';

/** A clockwise stretch of the ring, `from` included, `to` excluded; equal ends mean the whole ring. */
export interface IdInterval {
  readonly from: RingId;
  readonly to: RingId;
}

export function isWholeRing(interval: IdInterval): boolean {
  return equalBytes(interval.from, interval.to);
}

export function contains(interval: IdInterval, id: RingId): boolean {
  const afterFrom = compareBytes(id, interval.from) >= 0;
  const beforeTo = compareBytes(id, interval.to) < 0;
  return compareBytes(interval.from, interval.to) < 0 ? afterFrom && beforeTo : afterFrom || beforeTo;
}

/** Only this position. */
export function pointInterval(id: RingId): IdInterval {
  return { from: id, to: nextId(id) };
}

/** The interval without one position: two pieces, one, or none. */
export function withoutPoint(interval: IdInterval, point: RingId): IdInterval[] {
  if (!contains(interval, point)) return [interval];
  const after = nextId(point);
  if (isWholeRing(interval)) return [{ from: after, to: point }];
  const pieces: IdInterval[] = [];
  if (!equalBytes(interval.from, point)) pieces.push({ from: interval.from, to: point });
  if (!equalBytes(after, interval.to)) pieces.push({ from: after, to: interval.to });
  return pieces;
}
