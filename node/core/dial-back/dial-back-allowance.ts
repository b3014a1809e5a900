import {
  MAX_ASKERS,
  REQUEST_EVERY_SECONDS,
  REQUESTS_BURST,
  TOTAL_BURST,
  TOTAL_PER_SECOND,
} from './limits.ts';

interface Bucket {
  tokens: number;
  refilledMs: number;
}

/** How often others may have this node dial: a token bucket for each asker, and one for all (SPEC.md, limits). */
export class DialBackAllowance {
  readonly #askers = new Map<string, Bucket>();
  readonly #all: Bucket = { tokens: TOTAL_BURST, refilledMs: 0 };

  /** @param asker its registered key @returns false if it, or all together, have used up what is allowed */
  take(asker: string, nowMs: number): boolean {
    const own = this.#askers.get(asker) ?? { tokens: REQUESTS_BURST, refilledMs: nowMs };
    refill(own, nowMs, { perSecond: 1 / REQUEST_EVERY_SECONDS, burst: REQUESTS_BURST });
    refill(this.#all, nowMs, { perSecond: TOTAL_PER_SECOND, burst: TOTAL_BURST });
    this.#askers.delete(asker);
    this.#askers.set(asker, own);
    const oldest = this.#askers.keys().next();
    if (this.#askers.size > MAX_ASKERS && oldest.done !== true) this.#askers.delete(oldest.value);
    if (own.tokens < 1 || this.#all.tokens < 1) return false;
    own.tokens -= 1;
    this.#all.tokens -= 1;
    return true;
  }
}

function refill(bucket: Bucket, nowMs: number, rate: { perSecond: number; burst: number }): void {
  const seconds = Math.max(0, nowMs - bucket.refilledMs) / 1_000;
  bucket.tokens = Math.min(rate.burst, bucket.tokens + seconds * rate.perSecond);
  bucket.refilledMs = nowMs;
}
