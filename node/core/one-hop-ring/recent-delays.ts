/** Round trips remembered. */
const SAMPLES = 64;
/** Fewer than these say nothing. */
const MIN_SAMPLES = SAMPLES / 4;
/** The percentile is worked out again after so many new samples. */
const REFRESH_SAMPLES = 8;
const SHARE = 0.95;

/** The last round trips of lookups, for the p95 that triggers a hedge (RING.md, index). */
export class RecentDelays {
  readonly #delaysMs: number[] = [];
  #noted = 0;
  #p95Ms: number | undefined;

  /** Milliseconds; undefined until enough was measured. */
  get p95Ms(): number | undefined {
    return this.#p95Ms;
  }

  note(delayMs: number): void {
    this.#delaysMs[this.#noted % SAMPLES] = delayMs;
    this.#noted += 1;
    if (this.#noted < MIN_SAMPLES || this.#noted % REFRESH_SAMPLES !== 0) return;
    const sorted = [...this.#delaysMs].sort((a, b) => a - b);
    this.#p95Ms = sorted[Math.floor(sorted.length * SHARE)];
  }
}
