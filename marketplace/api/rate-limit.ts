import { LRUCache } from 'lru-cache';

import type { Clock } from '../../sdk/pacing/clock.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_RATE_BUCKETS } from '../limits.ts';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  refilledAtMs: number;
}

/** Token buckets, one a key. The keys used longest ago are forgotten first, which refills them: memory is bounded. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_RATE_BUCKETS });

  constructor(components: { clock: Clock }, rate: Rate) {
    this.#clock = components.clock;
    this.#rate = rate;
  }

  /** Takes one request of a key. @throws MarketplaceError RATE_LIMITED, values: seconds until the next is possible */
  take(key: string): void {
    const nowMs = this.#clock.nowMs();
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, refilledAtMs: nowMs };
    // A clock that is set back takes nothing away: callers would be refused for as long as it went back.
    const elapsedMs = Math.max(0, nowMs - bucket.refilledAtMs);
    const refilled = Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond);
    bucket.refilledAtMs = nowMs;
    bucket.tokens = refilled;
    this.#buckets.set(key, bucket);
    if (refilled < 1) {
      throw new MarketplaceError('RATE_LIMITED', 'Too many requests in too short a time.', {
        retryAfterSeconds: Math.ceil((1 - refilled) / perSecond),
        perSecond,
        burst,
      });
    }
    bucket.tokens = refilled - 1;
  }
}
