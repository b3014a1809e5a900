import { RING_ID_BYTES } from './limits.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';
import { addEntry, removeEntry, type DigestedEntry, type TableDigest } from './table-digest.ts';

/** Leading bits of a position that name its bucket. */
const BUCKET_BITS = 12;
const BUCKETS = 2 ** BUCKET_BITS;

/**
 * Digests of a table by the leading 12 bits of the positions: 32 KiB, so that the digest of a wide range reads buckets
 * instead of entries (RING.md, repair).
 */
export class BucketDigests {
  readonly #high = new Uint32Array(BUCKETS);
  readonly #low = new Uint32Array(BUCKETS);

  get byteLength(): number {
    return this.#high.byteLength + this.#low.byteLength;
  }

  add(entry: DigestedEntry): void {
    this.#set(bucketOf(entry.nid), (held) => addEntry(held, entry));
  }

  remove(entry: DigestedEntry): void {
    this.#set(bucketOf(entry.nid), (held) => removeEntry(held, entry));
  }

  /** Digest of all buckets before this one. */
  before(end: number): TableDigest {
    let [high, low] = [0, 0];
    for (let bucket = 0; bucket < end; bucket++) {
      high = (high + (this.#high[bucket] ?? 0)) >>> 0;
      low = (low + (this.#low[bucket] ?? 0)) >>> 0;
    }
    return { high, low };
  }

  #set(bucket: number, change: (held: TableDigest) => TableDigest): void {
    const { high, low } = change({ high: this.#high[bucket] ?? 0, low: this.#low[bucket] ?? 0 });
    this.#high[bucket] = high;
    this.#low[bucket] = low;
  }
}

export function bucketOf(nid: RingId): number {
  return leadingWord(nid) >>> (32 - BUCKET_BITS);
}

/** First position of a bucket. */
export function bucketStart(bucket: number): RingId {
  const start = new Uint8Array(RING_ID_BYTES);
  new DataView(start.buffer).setUint32(0, (bucket << (32 - BUCKET_BITS)) >>> 0);
  return start;
}
