import { hexToBytes, type Hex } from '../protocol/bytes.ts';
import { AuditError } from './audit-error.ts';
import { MAX_AUDITED_RECEIPTS } from './audit-limits.ts';

const HASH_BYTES = 32;
const FIRST_CAPACITY = 1024;
/** Places of the index for each entry: a search ends after one or two. */
const PLACES_PER_ENTRY = 2;
const EMPTY = 0xffff_ffff;

/** The receipt of a grant that counts so far. */
export interface BestReceipt {
  readonly bytes: bigint;
  /** Which receipt of the file it is, from 0. */
  readonly position: number;
}

/**
 * The best receipt of each grant, in typed arrays: about 60 bytes a grant, where objects would take several hundred.
 * A hash table over the first four bytes of the grant hash, which is a digest; who makes many that agree in them makes
 * the audit of its own deal slower.
 */
export class BestReceipts {
  readonly #maxGrants: number;
  #hashes = new Uint8Array(FIRST_CAPACITY * HASH_BYTES);
  #bytes = new BigUint64Array(FIRST_CAPACITY);
  #positions = new Uint32Array(FIRST_CAPACITY);
  #index = new Uint32Array(FIRST_CAPACITY * PLACES_PER_ENTRY).fill(EMPTY);
  #count = 0;

  constructor(maxGrants: number = MAX_AUDITED_RECEIPTS) {
    this.#maxGrants = maxGrants;
  }

  get size(): number {
    return this.#count;
  }

  /**
   * Takes a good receipt. @returns the one of the same grant that counted before, if there was one; it counts still
   * unless the new one has more bytes.
   * @throws AuditError AUDIT_TOO_LARGE
   */
  offer(grantHash: Hex, receipt: BestReceipt): BestReceipt | undefined {
    const hash = hexToBytes(grantHash, HASH_BYTES);
    const place = this.#placeOf(hash);
    const entry = this.#index[place] ?? EMPTY;
    if (entry === EMPTY) {
      this.#add(hash, place, receipt);
      return undefined;
    }
    const before = { bytes: this.#bytes[entry] ?? 0n, position: this.#positions[entry] ?? 0 };
    if (receipt.bytes > before.bytes) {
      this.#bytes[entry] = receipt.bytes;
      this.#positions[entry] = receipt.position;
    }
    return before;
  }

  /** Place of the index at which the hash stands, or the empty one where it belongs. */
  #placeOf(hash: Uint8Array): number {
    const places = this.#index.length;
    const start = new DataView(hash.buffer, hash.byteOffset).getUint32(0) % places;
    for (let step = 0; ; step++) {
      const place = (start + step) % places;
      const entry = this.#index[place] ?? EMPTY;
      if (entry === EMPTY || this.#holds(entry, hash)) return place;
    }
  }

  #holds(entry: number, hash: Uint8Array): boolean {
    const offset = entry * HASH_BYTES;
    for (let i = 0; i < HASH_BYTES; i++) if (this.#hashes[offset + i] !== hash[i]) return false;
    return true;
  }

  #add(hash: Uint8Array, place: number, { bytes, position }: BestReceipt): void {
    if (this.#count >= this.#maxGrants) {
      throw new AuditError('AUDIT_TOO_LARGE', `One audit takes ${this.#maxGrants} receipts.`, {
        values: { maxReceipts: this.#maxGrants },
        remedy: 'Download and audit the nodes of the deal one by one.',
      });
    }
    const entry = this.#count++;
    this.#hashes.set(hash, entry * HASH_BYTES);
    this.#bytes[entry] = bytes;
    this.#positions[entry] = position;
    this.#index[place] = entry;
    if (this.#count === this.#bytes.length) this.#grow();
  }

  #grow(): void {
    const capacity = this.#bytes.length * 2;
    const hashes = new Uint8Array(capacity * HASH_BYTES);
    hashes.set(this.#hashes);
    const bytes = new BigUint64Array(capacity);
    bytes.set(this.#bytes);
    const positions = new Uint32Array(capacity);
    positions.set(this.#positions);
    [this.#hashes, this.#bytes, this.#positions] = [hashes, bytes, positions];
    this.#index = new Uint32Array(capacity * PLACES_PER_ENTRY).fill(EMPTY);
    for (let entry = 0; entry < this.#count; entry++) {
      const hash = hashes.subarray(entry * HASH_BYTES, (entry + 1) * HASH_BYTES);
      this.#index[this.#placeOf(hash)] = entry;
    }
  }
}
