import type { Clock } from '../../marketplace/clock.ts';

/** Time that stands still until it is told to go on. */
export class StoppedClock implements Clock {
  ms = 0;
  /** What was asked of it, ms, in order. */
  readonly delays: number[] = [];
  readonly #sleepers: (() => void)[] = [];

  nowMs(): number {
    return this.ms;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.delays.push(delayMs);
    return new Promise((resolve) => {
      this.#sleepers.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Resolves when somebody sleeps. */
  async asleep(): Promise<void> {
    while (this.#sleepers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Wakes all, as soon as one sleeps. */
  async wake(): Promise<void> {
    await this.asleep();
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
