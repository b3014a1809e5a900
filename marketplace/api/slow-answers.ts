import { LRUCache } from 'lru-cache';

import type { Clock } from '../../sdk/pacing/clock.ts';
import { MAX_SLOW_ANSWERS, MIN_SLOW_ANSWER_LIFETIME_MS, SLOW_ANSWER_LIFETIME_TIMES } from '../limits.ts';

interface Remembered<T> {
  readonly answer: Promise<T>;
  /** Unix milliseconds: if it is earlier now, the clock was set back, and nobody knows how old this is. */
  readonly askedAtMs: number;
  /** Unix milliseconds; while it is being made nobody else makes it. */
  goodUntilMs: number;
}

/**
 * Remembers what took long to add up: an answer is good for SLOW_ANSWER_LIFETIME_TIMES what it took to make, so that asking
 * for it again and again takes only a small share of this process, however large the ledger is.
 */
export class SlowAnswers<T> {
  readonly #clock: Clock;
  readonly #answers = new LRUCache<string, Remembered<T>>({ max: MAX_SLOW_ANSWERS });

  constructor(components: { clock: Clock }) {
    this.#clock = components.clock;
  }

  /** The remembered answer, or a new one. A failure is not remembered. */
  async answer(key: string, make: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.nowMs();
    const known = this.#answers.get(key);
    if (known !== undefined && startedMs >= known.askedAtMs && startedMs < known.goodUntilMs)
      return known.answer;
    const made: Remembered<T> = {
      answer: make(),
      askedAtMs: startedMs,
      goodUntilMs: Number.MAX_SAFE_INTEGER,
    };
    this.#answers.set(key, made);
    try {
      return await made.answer;
    } catch (failure) {
      if (this.#answers.get(key) === made) this.#answers.delete(key);
      throw failure;
    } finally {
      const endedMs = this.#clock.nowMs();
      const took = (endedMs - startedMs) * SLOW_ANSWER_LIFETIME_TIMES;
      made.goodUntilMs = endedMs + Math.max(MIN_SLOW_ANSWER_LIFETIME_MS, took);
    }
  }
}
