import { RING_ID_BYTES } from './limits.ts';
import type { RingId } from './ring-identifier.ts';

/**
 * The positions of all table slots in one array: 32 bytes a slot, no objects. A written slot never changes in the
 * array that it was written to, so `at` hands out views instead of copies, and a view stays true for good: `resize`
 * moves to a new array and leaves the old one to whoever still looks at it.
 */
export class IdColumn {
  #bytes: Uint8Array;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity * RING_ID_BYTES);
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** Slots that fit. */
  get capacity(): number {
    return this.#bytes.length / RING_ID_BYTES;
  }

  /** Moves to a new array; only after that may a slot be written a second time. */
  resize(capacity: number): void {
    const next = new Uint8Array(capacity * RING_ID_BYTES);
    next.set(this.#bytes.subarray(0, next.length));
    this.#bytes = next;
  }

  /** Writes a slot that nobody has seen since the last `resize`. */
  set(slot: number, id: RingId): void {
    this.#bytes.set(id, slot * RING_ID_BYTES);
  }

  /** A view that never changes; callers never change it either. */
  at(slot: number): RingId {
    return new Uint8Array(this.#bytes.buffer, slot * RING_ID_BYTES, RING_ID_BYTES);
  }

  /** Order of the slot's position and `id`: negative, zero or positive. */
  compare(slot: number, id: RingId): number {
    const bytes = this.#bytes;
    const offset = slot * RING_ID_BYTES;
    for (let i = 0; i < RING_ID_BYTES; i++) {
      const difference = (bytes[offset + i] ?? 0) - (id[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
