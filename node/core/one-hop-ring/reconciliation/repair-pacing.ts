import type { RingTiming } from '../limits.ts';
import { equalDigests, type TableDigest } from '../table-digest.ts';

/** Keep-alive intervals without a change after which a table counts as calm. */
const CALM_INTERVALS = 1;
/** Keep-alive intervals that a repair waits for a calm table at most. */
const PATIENCE_INTERVALS = 8;
/** Pause after a repair in keep-alive intervals; a fruitless one doubles it. */
const SHORTEST_PAUSE_INTERVALS = 2;
const LONGEST_PAUSE_INTERVALS = 32;

/**
 * When a differing digest is worth a repair. In a ring where members come and go all the time two tables differ almost
 * always by what is still on its way: a repair waits until the own table has been calm, and repairs that bring
 * nothing are made ever less often.
 */
export class RepairPacing {
  readonly #intervalMs: number;
  #digest: TableDigest | undefined;
  #changedMs = -Infinity;
  #differsSinceMs: number | undefined;
  #notBeforeMs = -Infinity;
  #pauseIntervals = SHORTEST_PAUSE_INTERVALS;

  constructor(timing: RingTiming) {
    this.#intervalMs = timing.keepAliveIntervalMs;
  }

  /** The other's digest differs from ours, which is `own` now: repair? */
  isDue(own: TableDigest, nowMs: number): boolean {
    this.#differsSinceMs ??= nowMs;
    if (this.#digest === undefined || !equalDigests(this.#digest, own)) {
      this.#digest = own;
      this.#changedMs = nowMs;
    }
    if (nowMs < this.#notBeforeMs) return false;
    const isCalm = nowMs - this.#changedMs >= CALM_INTERVALS * this.#intervalMs;
    return isCalm || nowMs - this.#differsSinceMs >= PATIENCE_INTERVALS * this.#intervalMs;
  }

  /** Another member's digest equals ours. */
  agreed(): void {
    this.#differsSinceMs = undefined;
  }

  /** A repair ended. */
  ended(wasFruitful: boolean, nowMs: number): void {
    const longer = Math.min(LONGEST_PAUSE_INTERVALS, 2 * this.#pauseIntervals);
    this.#pauseIntervals = wasFruitful ? SHORTEST_PAUSE_INTERVALS : longer;
    this.#notBeforeMs = nowMs + this.#pauseIntervals * this.#intervalMs;
    this.#differsSinceMs = undefined;
  }
}
