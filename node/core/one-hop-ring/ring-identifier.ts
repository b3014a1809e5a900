import { copyBytes } from '../../../sdk/protocol/bytes.ts';

/** A position on the ring: 256 bits, big-endian. Node positions and keys share the space (RING.md, identity). */
export type RingId = Uint8Array;

/** The 32 leading bits, as an unsigned number. */
export function leadingWord(id: RingId): number {
  return (((id[0] ?? 0) << 24) | ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8) | (id[3] ?? 0)) >>> 0;
}

/** The next position clockwise: id + 1 modulo 2^256. */
export function nextId(id: RingId): RingId {
  const next = copyBytes(id);
  for (let i = next.length - 1; i >= 0; i--) {
    const sum = (next[i] ?? 0) + 1;
    next[i] = sum & 0xff;
    if (sum <= 0xff) break;
  }
  return next;
}

/** The same position with other leading 32 bits. */
export function withLeadingWord(id: RingId, word: number): RingId {
  const changed = copyBytes(id);
  changed[0] = word >>> 24;
  changed[1] = word >>> 16;
  changed[2] = word >>> 8;
  changed[3] = word;
  return changed;
}
