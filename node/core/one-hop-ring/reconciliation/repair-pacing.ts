import type { RingTiming } from '../limits.ts';

/** Pause after a repair in keep-alive intervals; a fruitless one doubles it. */
const SHORTEST_PAUSE_INTERVALS = 1;
const LONGEST_PAUSE_INTERVALS = 64;

export type RepairEnd = 'fruitful' | 'fruitless' | 'unanswered';

/**
 * When a differing digest is worth a repair. In a ring where members come and go all the time two tables differ almost
 * always, by what is still on its way: repairs that bring nothing are made ever less often.
 */
export class RepairPacing {
  readonly #intervalMs: number;
  #notBeforeMs = -Infinity;
  #pauseIntervals = SHORTEST_PAUSE_INTERVALS;

  constructor(timing: RingTiming) {
    this.#intervalMs = timing.keepAliveIntervalMs;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }

  /** A repair ended: it brought news or gave some, it did neither, or the other side fell silent. */
  ended(how: RepairEnd, nowMs: number): void {
    if (how === 'fruitful') this.#pauseIntervals = SHORTEST_PAUSE_INTERVALS;
    if (how === 'fruitless') {
      this.#pauseIntervals = Math.min(LONGEST_PAUSE_INTERVALS, 2 * this.#pauseIntervals);
    }
    this.#notBeforeMs = nowMs + this.#pauseIntervals * this.#intervalMs;
  }
}
