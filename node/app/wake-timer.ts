import type { Clock } from '../adapters/clock/system-clock.ts';

/** The longest sleep; longer ones overflow the platform's timer. */
const MAX_SLEEP_MS = 60_000;

/** One timer for a whole machine: it says when it wants to be woken, and is woken no later. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;

  constructor(components: { readonly clock: Clock; readonly wake: () => void }) {
    this.#clock = components.clock;
    this.#wake = components.wake;
  }

  /** Calls `wake` at this time of the clock in milliseconds, or not at all for Infinity; replaces what was armed. */
  arm(wakeMs: number): void {
    if (wakeMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = wakeMs;
    if (wakeMs === Infinity) return;
    const sleepMs = Math.min(MAX_SLEEP_MS, Math.max(0, Math.ceil(wakeMs - this.#clock.nowMs())));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.#wake();
    }, sleepMs);
  }
}
