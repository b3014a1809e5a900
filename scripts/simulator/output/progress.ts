import type { Simulation } from '../engine/simulation.ts';
import { START_MS } from '../engine/simulation.ts';

const INTERVAL_MS = 5_000;
const MIB = 1_048_576;

/** Lines for the person who waits: virtual time, speed, memory. Reads the wall clock; nothing simulated does. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #startedMs = performance.now();
  #lastMs = performance.now();
  #lastEvents = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  say(text: string): void {
    this.#write(`[${((performance.now() - this.#startedMs) / 1_000).toFixed(1)} s] ${text}\n`);
  }

  tick(simulation: Simulation): void {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#lastMs;
    if (passedMs < INTERVAL_MS) return;
    const rate = ((simulation.eventCount - this.#lastEvents) / passedMs) * 1_000;
    this.#lastMs = nowMs;
    this.#lastEvents = simulation.eventCount;
    const virtualSeconds = ((simulation.nowMs - START_MS) / 1_000).toFixed(2);
    const memoryMib = Math.round(process.memoryUsage.rss() / MIB);
    this.say(
      `virtual ${virtualSeconds} s, ${Math.round(rate)} events/s, ${simulation.live.size} members, ` +
        `${simulation.versions.inUse} different tables, ${memoryMib} MiB`,
    );
  }
}
