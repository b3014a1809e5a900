import type { Clock } from '../../../sdk/pacing/clock.ts';

/** Time that stands still until it is told to go on. */
export class StoppedClock implements Clock {
  ms = 0;
  /** What was asked of it, ms, in order. */
  readonly delays: number[] = [];
  readonly #sleepers: (() => void)[] = [];

  nowMs(): number {
    return this.ms;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.delays.push(durationMs);
    return new Promise((resolve, reject) => {
      this.#sleepers.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  /** Resolves when somebody sleeps. */
  async asleep(): Promise<void> {
    while (this.#sleepers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Wakes all, as soon as one sleeps, and lets them go on. */
  async wake(): Promise<void> {
    await this.asleep();
    for (const wake of this.#sleepers.splice(0)) wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
