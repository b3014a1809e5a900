import { leadingWord, type RingId } from './ring-identifier.ts';
import { RING_ID_BYTES } from './limits.ts';

const FIRST_CAPACITY = 16;

/** The positions of all table slots in one array: 32 bytes a slot, no objects. */
export class IdColumn {
  #bytes = new Uint8Array(FIRST_CAPACITY * RING_ID_BYTES);

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  set(slot: number, id: RingId): void {
    const end = (slot + 1) * RING_ID_BYTES;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(id, slot * RING_ID_BYTES);
  }

  /** A view, valid until the next `set`. */
  at(slot: number): RingId {
    return this.#bytes.subarray(slot * RING_ID_BYTES, (slot + 1) * RING_ID_BYTES);
  }

  /** Order of the slot's position and `id`: negative, zero or positive. */
  compare(slot: number, id: RingId): number {
    const offset = slot * RING_ID_BYTES;
    for (let i = 0; i < RING_ID_BYTES; i++) {
      const difference = (this.#bytes[offset + i] ?? 0) - (id[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/**
 * Slots in ring order with their leading words beside them (8 bytes a slot). Positions are hashes, so a guess by
 * interpolation lands within a few places; galloping from there keeps a search right for any distribution.
 */
export class SortedSlots {
  readonly #ids: IdColumn;
  #slots = new Uint32Array(FIRST_CAPACITY);
  #words = new Uint32Array(FIRST_CAPACITY);
  #length = 0;

  constructor(ids: IdColumn) {
    this.#ids = ids;
  }

  get byteLength(): number {
    return this.#slots.byteLength + this.#words.byteLength;
  }

  get length(): number {
    return this.#length;
  }

  /** The slot at a rank from 0 to `length - 1`. */
  at(rank: number): number {
    return this.#slots[rank] ?? 0;
  }

  /** Rank of the first slot whose position is not before `id`; `length` if there is none. */
  lowerBound(id: RingId): number {
    const word = leadingWord(id);
    let low = 0;
    let high = this.#length;
    const guess = Math.floor((word / 0x1_0000_0000) * high);
    let step = 1;
    if (high > 0 && this.#before(guess, word, id)) {
      low = guess + 1;
      while (low + step <= high && this.#before(low + step - 1, word, id)) {
        low += step;
        step *= 2;
      }
      high = Math.min(high, low + step);
    } else {
      high = guess;
      while (high - step >= low && !this.#before(high - step, word, id)) {
        high -= step;
        step *= 2;
      }
      low = Math.max(low, high - step);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#before(middle, word, id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rank of exactly this position, or -1. */
  rankOf(id: RingId): number {
    const rank = this.lowerBound(id);
    return rank < this.#length && this.#ids.compare(this.at(rank), id) === 0 ? rank : -1;
  }

  insert(slot: number): void {
    if (this.#length === this.#slots.length) this.#grow();
    const id = this.#ids.at(slot);
    const rank = this.lowerBound(id);
    this.#slots.copyWithin(rank + 1, rank, this.#length);
    this.#words.copyWithin(rank + 1, rank, this.#length);
    this.#slots[rank] = slot;
    this.#words[rank] = leadingWord(id);
    this.#length += 1;
  }

  remove(id: RingId): void {
    const rank = this.rankOf(id);
    if (rank < 0) return;
    this.#slots.copyWithin(rank, rank + 1, this.#length);
    this.#words.copyWithin(rank, rank + 1, this.#length);
    this.#length -= 1;
  }

  #before(rank: number, word: number, id: RingId): boolean {
    const other = this.#words[rank] ?? 0;
    return other === word ? this.#ids.compare(this.at(rank), id) < 0 : other < word;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const words = new Uint32Array(this.#words.length * 2);
    slots.set(this.#slots);
    words.set(this.#words);
    this.#slots = slots;
    this.#words = words;
  }
}
