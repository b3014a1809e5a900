import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_FILE_LEAVES } from './origin-limits.ts';
import { OriginError } from './origin-error.ts';

const DIGEST_BYTES = 32;
const FIRST_CAPACITY = 64;
/** Slot of the hash table that names no leaf. */
const EMPTY = 0;

/** A raw leaf of a file and where it lies. */
export interface Leaf {
  /** Its number in the order of the file. */
  readonly index: number;
  /** sha2-256 of its bytes, a view that must not be changed. */
  readonly digest: Uint8Array;
  /** First byte in the file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Where each raw leaf of a file lies, in about 50 bytes a leaf: columns in the order of the file, and an open hash table
 * from digests to the first leaf that has them.
 */
export class LeafTable {
  #digests = new Uint8Array(FIRST_CAPACITY * DIGEST_BYTES);
  #offsets = new Float64Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  /** Leaf numbers, each one more than it is, at the place that the digest's first bytes say, or behind it. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds the next leaf of the file. @throws OriginError ORIGIN_LAYOUT_UNKNOWN beyond `MAX_FILE_LEAVES` */
  add(digest: Uint8Array, offset: number, length: number): void {
    if (this.#count >= MAX_FILE_LEAVES) {
      throw new OriginError('ORIGIN_LAYOUT_UNKNOWN', 'The file has more leaves than are kept track of.', {
        values: { maxLeaves: MAX_FILE_LEAVES },
        remedy: 'Publish it with larger leaves, or push it to the nodes.',
      });
    }
    if (this.#count === this.#lengths.length) this.#grow();
    const index = this.#count++;
    this.#digests.set(digest, index * DIGEST_BYTES);
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#place(index);
  }

  /** @param index below `count` */
  at(index: number): Leaf {
    const digest = this.#digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    return { index, digest, offset: this.#offsets[index] ?? 0, length: this.#lengths[index] ?? 0 };
  }

  /** Number of the first leaf with these bytes, or undefined. */
  find(digest: Uint8Array): number | undefined {
    for (let slot = this.#slotOf(digest); ; slot = (slot + 1) % this.#slots.length) {
      const entry = this.#slots[slot] ?? EMPTY;
      if (entry === EMPTY) return undefined;
      if (equalBytes(this.at(entry - 1).digest, digest)) return entry - 1;
    }
  }

  /** Whether an earlier leaf of the file has the same bytes. */
  isRepeated(index: number): boolean {
    return this.find(this.at(index).digest) !== index;
  }

  #place(index: number): void {
    const { digest } = this.at(index);
    for (let slot = this.#slotOf(digest); ; slot = (slot + 1) % this.#slots.length) {
      const entry = this.#slots[slot] ?? EMPTY;
      if (entry === EMPTY) {
        this.#slots[slot] = index + 1;
        return;
      }
      if (equalBytes(this.at(entry - 1).digest, digest)) return;
    }
  }

  #slotOf(digest: Uint8Array): number {
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    return view.getUint32(0) % this.#slots.length;
  }

  #grow(): void {
    const capacity = this.#lengths.length * 2;
    this.#digests = grown(this.#digests, new Uint8Array(capacity * DIGEST_BYTES));
    this.#offsets = grown(this.#offsets, new Float64Array(capacity));
    this.#lengths = grown(this.#lengths, new Uint32Array(capacity));
    this.#slots = new Uint32Array(capacity * 2);
    for (let index = 0; index < this.#count; index++) this.#place(index);
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
