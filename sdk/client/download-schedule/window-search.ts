import {
  MAX_LANES_PER_SOURCE,
  WINDOW_GAIN,
  WINDOW_PROBE_INTERVAL_MS,
  WINDOW_SAMPLES,
} from '../client-limits.ts';

/** One answer that was asked for with a full window. */
export interface WindowSample {
  /** Bytes per millisecond. */
  readonly rate: number;
  /** Whether the round trip is long enough for a larger window to be worth a try. */
  readonly mayGrow: boolean;
  readonly nowMs: number;
}

/**
 * How many blocks to have in flight at one source. One block more is tried where the round trip leaves room for it, kept
 * if the source then delivers faster, taken back if not: it was its rate that bounded it. Tried again now and then.
 */
export class WindowSearch {
  #blocks = 1;
  /** Mean rate with one block less, while one more is being tried. */
  #before: number | undefined;
  #restingUntilMs = 0;
  #tried = false;
  #skip = 0;
  #rates: number[] = [];

  get blocks(): number {
    return this.#blocks;
  }

  note({ rate, mayGrow, nowMs }: WindowSample): void {
    // Answers to what was asked before the change say nothing of it.
    if (this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    this.#rates.push(rate);
    // The very first try is cheap, and a source with one block on a long way looks slow.
    if (this.#tried && this.#rates.length < WINDOW_SAMPLES) return;
    const mean = this.#rates.reduce((sum, each) => sum + each, 0) / this.#rates.length;
    this.#rates = [];
    if (this.#before !== undefined && mean < this.#before * WINDOW_GAIN) {
      this.#before = undefined;
      this.#restingUntilMs = nowMs + WINDOW_PROBE_INTERVAL_MS;
      this.#resize(this.#blocks - 1);
      return;
    }
    this.#before = undefined;
    if (!mayGrow || this.#blocks >= MAX_LANES_PER_SOURCE || nowMs < this.#restingUntilMs) return;
    this.#tried = true;
    this.#before = mean;
    this.#resize(this.#blocks + 1);
  }

  #resize(blocks: number): void {
    this.#blocks = Math.max(1, blocks);
    this.#skip = this.#blocks;
  }
}
