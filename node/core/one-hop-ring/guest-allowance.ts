import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { GUEST_LOOKUPS_PER_SECOND, GUEST_LOOKUP_BURST, MAX_GUESTS } from './limits.ts';

interface Bucket {
  tokens: number;
  refilledMs: number;
}

/** A token bucket for each non-member that asks us to look something up; the least recent is forgotten first. */
export class GuestAllowance {
  readonly #buckets = new Map<Hex, Bucket>();

  /** False if this guest has used up its allowance. */
  take(publicKey: Uint8Array, nowMs: number): boolean {
    const id = bytesToHex(publicKey);
    const bucket = this.#buckets.get(id) ?? { tokens: GUEST_LOOKUP_BURST, refilledMs: nowMs };
    const refill = ((nowMs - bucket.refilledMs) / 1_000) * GUEST_LOOKUPS_PER_SECOND;
    bucket.tokens = Math.min(GUEST_LOOKUP_BURST, bucket.tokens + refill);
    bucket.refilledMs = nowMs;
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > MAX_GUESTS && oldest.done !== true) this.#buckets.delete(oldest.value);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
