/** Weights of a new measurement in the mean and in the deviation: those of TCP's retransmission timer (RFC 6298). */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;
const DEVIATIONS = 4;

/** How long answers take lately: a smoothed mean and deviation. Late answers count most, so they must be observed too. */
export class RoundTripEstimate {
  #meanMs = Number.NaN;
  #deviationMs = 0;

  /** An answer took this long. */
  observe(delayMs: number): void {
    if (Number.isNaN(this.#meanMs)) {
      this.#meanMs = delayMs;
      this.#deviationMs = delayMs / 8;
      return;
    }
    const error = delayMs - this.#meanMs;
    this.#deviationMs += DEVIATION_WEIGHT * (Math.abs(error) - this.#deviationMs);
    this.#meanMs += MEAN_WEIGHT * error;
  }

  /** NaN before the first answer. */
  get meanMs(): number {
    return this.#meanMs;
  }

  /** Hardly any answer takes longer: the mean and four deviations. NaN before the first answer. */
  get boundMs(): number {
    return this.#meanMs + DEVIATIONS * this.#deviationMs;
  }
}
