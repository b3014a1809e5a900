import { DEFAULT_FREE_BYTES_PER_MINUTE } from '../../../sdk/protocol/limits.ts';
import { accepted, refused, type Outcome } from './delivery-error.ts';
import { MAX_FREE_CLIENTS } from './delivery-limits.ts';

const MINUTE_MS = 60_000;

export interface FreeAllowanceOptions {
  /** Bytes for each client address and minute; Infinity for a gateway that serves its own user. @default 1 MiB */
  readonly bytesPerMinute?: number;
  /** Addresses remembered at once. @default 20,000 */
  readonly maxClients?: number;
}

/** Bytes taken from the allowance before they are sent. */
export interface FreeBytes {
  /** Gives back what was not sent. Counts once. */
  giveBack(bytes: number): void;
}

interface Bucket {
  availableBytes: number;
  updatedMs: number;
}

/** What clients without a grant may fetch: a token bucket for each address, filled in a minute. */
export class FreeAllowance {
  readonly #bytesPerMinute: number;
  readonly #maxClients: number;
  // In order of last use: the map re-inserts on every use, so its first key is the longest idle.
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: FreeAllowanceOptions = {}) {
    this.#bytesPerMinute = options.bytesPerMinute ?? DEFAULT_FREE_BYTES_PER_MINUTE;
    this.#maxClients = options.maxClients ?? MAX_FREE_CLIENTS;
  }

  /** Takes bytes for a client, or refuses with how to obtain a grant left to the caller. */
  take(client: string, bytes: number, nowMs: number): Outcome<FreeBytes> {
    if (this.#bytesPerMinute === Infinity) return accepted({ giveBack: () => undefined });
    const bucket = this.#bucket(client, nowMs);
    if (bytes > bucket.availableBytes) {
      return refused('FREE_ALLOWANCE_EXHAUSTED', 'This takes more than is given without a grant.', {
        values: {
          requestedBytes: bytes,
          availableBytes: Math.floor(bucket.availableBytes),
          bytesPerMinute: this.#bytesPerMinute,
        },
        remedy:
          'Obtain a grant from the coordinator of a deal for this content and send it in the bcdn-grant header.',
      });
    }
    bucket.availableBytes -= bytes;
    let open = true;
    return accepted({
      giveBack: (unsent) => {
        if (!open) return;
        open = false;
        bucket.availableBytes = Math.min(
          this.#bytesPerMinute,
          bucket.availableBytes + Math.min(unsent, bytes),
        );
      },
    });
  }

  get clients(): number {
    return this.#buckets.size;
  }

  #bucket(client: string, nowMs: number): Bucket {
    const known = this.#buckets.get(client);
    if (known !== undefined) {
      this.#buckets.delete(client);
      const elapsedMs = Math.max(0, nowMs - known.updatedMs);
      const filled = known.availableBytes + (elapsedMs * this.#bytesPerMinute) / MINUTE_MS;
      known.availableBytes = Math.min(this.#bytesPerMinute, filled);
      known.updatedMs = nowMs;
    }
    const bucket = known ?? { availableBytes: this.#bytesPerMinute, updatedMs: nowMs };
    this.#buckets.set(client, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#maxClients) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
