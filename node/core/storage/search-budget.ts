export interface SearchBudgetOptions {
  /** Fruitless searches at once. */
  readonly burst: number;
  /** … and each second after that. */
  readonly perSecond: number;
  /** Purposes that are told apart; the one unused for longest is forgotten. */
  readonly maxPurposes: number;
}

/** Leave to search. */
export interface SearchLeave {
  /** What was searched is found: that cost nothing. */
  found(): void;
}

interface Bucket {
  searches: number;
  updatedMs: number;
}

/**
 * Bounds what searches in vain may cost: a token bucket for each purpose, of which only fruitless searches take. Whoever asks
 * for names that nobody has spends the searches of its own purpose.
 */
export class SearchBudget {
  readonly #options: SearchBudgetOptions;
  // In order of last use.
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: SearchBudgetOptions) {
    this.#options = options;
  }

  /** Undefined when too many searches were in vain lately. */
  take(purpose: string, nowMs: number): SearchLeave | undefined {
    const bucket = this.#bucket(purpose, nowMs);
    if (bucket.searches < 1) return undefined;
    bucket.searches -= 1;
    let open = true;
    return {
      found: () => {
        if (open) bucket.searches = Math.min(this.#options.burst, bucket.searches + 1);
        open = false;
      },
    };
  }

  #bucket(purpose: string, nowMs: number): Bucket {
    const { burst, perSecond, maxPurposes } = this.#options;
    const bucket = this.#buckets.get(purpose) ?? { searches: burst, updatedMs: nowMs };
    this.#buckets.delete(purpose);
    this.#buckets.set(purpose, bucket);
    const elapsedMs = Math.max(0, nowMs - bucket.updatedMs);
    bucket.searches = Math.min(burst, bucket.searches + (elapsedMs * perSecond) / 1_000);
    bucket.updatedMs = nowMs;
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= maxPurposes) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
