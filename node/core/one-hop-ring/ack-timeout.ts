import type { RingTiming } from './limits.ts';
import { RoundTripEstimate } from './round-trip-estimate.ts';

/** A child is given one and a half of its round trip: 30 % of all dead costs three of these in a row (README.md). */
const PATIENCE = 1.5;

type AckTiming = Pick<RingTiming, 'spreadAckTimeoutMs' | 'minSpreadAckTimeoutMs' | 'firstSpreadAckTimeoutMs'>;

/** How long to wait for an acknowledgement, from the delays measured so far. */
export class AckTimeout {
  readonly #timing: AckTiming;
  readonly #estimate = new RoundTripEstimate();

  constructor(timing: AckTiming) {
    this.#timing = timing;
  }

  /** An acknowledgement took this long. */
  observe(delayMs: number): void {
    this.#estimate.observe(delayMs);
  }

  /**
   * Never less than acknowledgements take on average now: on a machine that is out of breath all of them are late, and
   * taking over from everybody would take the rest of its breath.
   * @param childDelayMs measured round trip of this child, NaN if never measured
   */
  forChild(childDelayMs: number): number {
    const { minSpreadAckTimeoutMs, spreadAckTimeoutMs, firstSpreadAckTimeoutMs } = this.#timing;
    const { meanMs, boundMs } = this.#estimate;
    const knownMs = Number.isNaN(meanMs)
      ? PATIENCE * childDelayMs
      : Math.max(PATIENCE * childDelayMs, meanMs);
    const waitMs = Number.isNaN(childDelayMs) ? Math.max(PATIENCE * meanMs, boundMs) : knownMs;
    if (Number.isNaN(waitMs)) return firstSpreadAckTimeoutMs;
    return Math.min(spreadAckTimeoutMs, Math.max(minSpreadAckTimeoutMs, waitMs));
  }
}
