import type { RingTiming } from './limits.ts';

/** Weights of a new measurement in the mean and in the deviation: those of TCP's retransmission timer (RFC 6298). */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;
const DEVIATIONS = 4;
/** A child is given one and a half of its round trip: 30 % of all dead costs three of these in a row (README.md). */
const PATIENCE = 1.5;

type AckTiming = Pick<RingTiming, 'spreadAckTimeoutMs' | 'minSpreadAckTimeoutMs' | 'firstSpreadAckTimeoutMs'>;

/** How long to wait for an acknowledgement, from the delays measured so far. */
export class AckTimeout {
  readonly #timing: AckTiming;
  #meanMs = Number.NaN;
  #deviationMs = 0;

  constructor(timing: AckTiming) {
    this.#timing = timing;
  }

  /** An acknowledgement took this long. */
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

  /** @param childDelayMs measured round trip of this child, NaN if never measured */
  forChild(childDelayMs: number): number {
    const { minSpreadAckTimeoutMs, spreadAckTimeoutMs, firstSpreadAckTimeoutMs } = this.#timing;
    const waitMs = Number.isNaN(childDelayMs) ? this.#forUnknown() : PATIENCE * childDelayMs;
    if (Number.isNaN(waitMs)) return firstSpreadAckTimeoutMs;
    return Math.min(spreadAckTimeoutMs, Math.max(minSpreadAckTimeoutMs, waitMs));
  }

  #forUnknown(): number {
    return Math.max(PATIENCE * this.#meanMs, this.#meanMs + DEVIATIONS * this.#deviationMs);
  }
}
