import type { IdColumn } from './id-column.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';

const FIRST_CAPACITY = 16;
/** One bucket of the index for so many slots of capacity. */
const SLOTS_PER_BUCKET = 8;

/**
 * Slots in ring order with their leading words beside them (8 bytes a slot), and an index of buckets by leading bits
 * that says where each begins (half a byte a slot). Positions are hashes, so a bucket holds a few slots and a search
 * touches two or three cache lines; where they are not, the search within a bucket is still logarithmic.
 */
export class SortedSlots {
  readonly #ids: IdColumn;
  #slots = new Uint32Array(FIRST_CAPACITY);
  #words = new Uint32Array(FIRST_CAPACITY);
  /** Rank at which each bucket begins; one more at the end. */
  #starts = new Uint32Array(2);
  /** A word shifted right by so many bits is its bucket. */
  #shift = 31;
  #length = 0;

  constructor(ids: IdColumn) {
    this.#ids = ids;
    this.#index();
  }

  get byteLength(): number {
    return this.#slots.byteLength + this.#words.byteLength + this.#starts.byteLength;
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
    let low = this.#firstOfWord(word);
    if (low >= this.#length || this.#words[low] !== word) return low;
    let high = this.#endOfWord(low, word);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids.compare(this.at(middle), id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rank of exactly this position, or -1. */
  rankOf(id: RingId): number {
    const word = leadingWord(id);
    const first = this.#firstOfWord(word);
    if (this.#words[first] !== word || first >= this.#length) return -1;
    // Two positions with equal leading words are rare: mostly one comparison decides.
    const isAlone = first + 1 >= this.#length || this.#words[first + 1] !== word;
    const rank = isAlone ? first : this.lowerBound(id);
    return rank < this.#length && this.#ids.compare(this.at(rank), id) === 0 ? rank : -1;
  }

  /** Rank of the first slot whose leading word is not before this one. */
  #firstOfWord(word: number): number {
    const words = this.#words;
    const bucket = word >>> this.#shift;
    let low = this.#starts[bucket] ?? 0;
    let high = this.#starts[bucket + 1] ?? 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((words[middle] ?? 0) < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rank behind the last slot with this leading word; galloping, because there is mostly one. */
  #endOfWord(first: number, word: number): number {
    let low = first + 1;
    let step = 1;
    while (low + step <= this.#length && this.#words[low + step - 1] === word) {
      low += step;
      step *= 2;
    }
    let high = Math.min(this.#length, low + step);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#words[middle] === word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(slot: number): void {
    if (this.#length === this.#slots.length) this.#grow();
    const id = this.#ids.at(slot);
    const rank = this.lowerBound(id);
    const word = leadingWord(id);
    this.#slots.copyWithin(rank + 1, rank, this.#length);
    this.#words.copyWithin(rank + 1, rank, this.#length);
    this.#slots[rank] = slot;
    this.#words[rank] = word;
    this.#length += 1;
    this.#move(word, 1);
  }

  remove(id: RingId): void {
    const rank = this.rankOf(id);
    if (rank < 0) return;
    this.#slots.copyWithin(rank, rank + 1, this.#length);
    this.#words.copyWithin(rank, rank + 1, this.#length);
    this.#length -= 1;
    this.#move(leadingWord(id), -1);
  }

  /** The buckets behind this word's begin one rank later, or earlier. */
  #move(word: number, by: 1 | -1): void {
    const starts = this.#starts;
    for (let bucket = (word >>> this.#shift) + 1; bucket < starts.length; bucket++) {
      starts[bucket] = (starts[bucket] ?? 0) + by;
    }
  }

  /** By an eighth: the table is read far more often than it grows, and what is not used is paid for by every node. */
  #grow(): void {
    const capacity = this.#slots.length + Math.max(FIRST_CAPACITY, this.#slots.length >>> 3);
    const slots = new Uint32Array(capacity);
    const words = new Uint32Array(capacity);
    slots.set(this.#slots);
    words.set(this.#words);
    this.#slots = slots;
    this.#words = words;
    this.#index();
  }

  #index(): void {
    const bits = Math.max(1, Math.floor(Math.log2(this.#slots.length / SLOTS_PER_BUCKET)));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits + 1);
    let rank = 0;
    for (let bucket = 0; bucket < this.#starts.length; bucket++) {
      while (rank < this.#length && (this.#words[rank] ?? 0) >>> this.#shift < bucket) rank += 1;
      this.#starts[bucket] = rank;
    }
  }
}
