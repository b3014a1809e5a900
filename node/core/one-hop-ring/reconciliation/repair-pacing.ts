import type { RingTiming } from '../limits.ts';
import { equalDigests, type TableDigest } from '../table-digest.ts';

/** Pause after a repair in keep-alive intervals; a fruitless one doubles it. */
const SHORTEST_PAUSE_INTERVALS = 1;
const LONGEST_PAUSE_INTERVALS = 64;
/** Keep-alive intervals without a change after which a table is calm, and the part of the pause that is kept then. */
const CALM_INTERVALS = 2;
const CALM_SHARE = 1 / 8;

export type RepairEnd = 'fruitful' | 'fruitless' | 'unanswered';

/**
 * When a differing digest is worth a repair. In a ring where members come and go all the time two tables differ almost
 * always, by what is still on its way: repairs that bring nothing are made ever less often. Where nothing comes any
 * more, a difference is real.
 */
export class RepairPacing {
  readonly #intervalMs: number;
  #endedMs = -Infinity;
  #pauseIntervals = SHORTEST_PAUSE_INTERVALS;
  #digest: TableDigest | undefined;
  #changedMs = -Infinity;

  constructor(timing: RingTiming) {
    this.#intervalMs = timing.keepAliveIntervalMs;
  }

  /** Another member's digest differs from ours, which is `own` now: repair? */
  isDue(own: TableDigest, nowMs: number): boolean {
    if (this.#digest === undefined || !equalDigests(this.#digest, own)) {
      this.#digest = own;
      this.#changedMs = nowMs;
    }
    const isCalm = nowMs - this.#changedMs >= CALM_INTERVALS * this.#intervalMs;
    const pauseIntervals = this.#pauseIntervals * (isCalm ? CALM_SHARE : 1);
    return nowMs - this.#endedMs >= Math.max(SHORTEST_PAUSE_INTERVALS, pauseIntervals) * this.#intervalMs;
  }

  /** A repair ended: it brought news or gave some, it did neither, or the other side fell silent. */
  ended(how: RepairEnd, nowMs: number): void {
    if (how === 'fruitful') this.#pauseIntervals = SHORTEST_PAUSE_INTERVALS;
    if (how === 'fruitless') {
      this.#pauseIntervals = Math.min(LONGEST_PAUSE_INTERVALS, 2 * this.#pauseIntervals);
    }
    this.#endedMs = nowMs;
  }
}
