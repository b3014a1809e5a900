import type { IdInterval } from './id-interval.ts';
import { RING_ID_BYTES } from './limits.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';
import type { RingEntry, RingTable } from './ring-table.ts';

/**
 * Groups are arcs of the id space, so a join never renumbers them (RING.md, events and the tree). Their number
 * follows the ring's size: 16 arcs to 2,000 members, 32 to 40,000, 64 beyond.
 */
export function arcBits(ringSize: number): number {
  if (ringSize <= 2_000) return 4;
  return ringSize <= 40_000 ? 5 : 6;
}

/** The arc that a position lies in: its leading bits. */
export function arcOf(id: RingId, bits: number): number {
  return leadingWord(id) >>> (32 - bits);
}

/** First position of an arc. */
export function arcStart(arc: number, bits: number): RingId {
  const start = new Uint8Array(RING_ID_BYTES);
  new DataView(start.buffer).setUint32(0, (arc << (32 - bits)) >>> 0);
  return start;
}

export function arcInterval(arc: number, bits: number): IdInterval {
  return { from: arcStart(arc, bits), to: arcStart((arc + 1) % 2 ** bits, bits) };
}

/** The lowest alive position of an arc: computed from the table, never replicated. */
export function leaderOf(
  table: RingTable,
  arc: number,
  avoid: (entry: RingEntry) => boolean = () => false,
): RingEntry | undefined {
  const bits = arcBits(table.ringSize);
  const { first, count } = table.ringRange(arcInterval(arc, bits));
  for (let i = 0; i < count; i++) {
    const entry = table.ringEntryAt(first + i);
    if (entry.state === 'alive' && !avoid(entry)) return entry;
  }
  return undefined;
}
