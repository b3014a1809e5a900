import { performance } from 'node:perf_hooks';

import { nextRetryMs, type SegmentSchedule } from './segment-schedule.ts';

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  readonly dueMs: number;
}

/** What a delay line asks of its surroundings. */
export interface DelayLineEffects<T> {
  /** The item has arrived. */
  readonly deliver: (item: T) => void;
  /** Is this direction cut now? */
  readonly isCut: () => boolean;
}

/**
 * One direction of a link: items come out in order, later. While the direction is cut they wait, and afterwards until
 * the sender's next repetition.
 */
export class DelayLine<T> {
  readonly #schedule: SegmentSchedule;
  readonly #effects: DelayLineEffects<T>;
  readonly #waiting: Waiting<T>[] = [];
  #queuedBytes = 0;
  /** When the oldest waiting item met a cut. */
  #stuckSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(schedule: SegmentSchedule, effects: DelayLineEffects<T>) {
    this.#schedule = schedule;
    this.#effects = effects;
  }

  /** Bytes that have been put in and have not come out. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  put(item: T, bytes: number): void {
    const dueMs = this.#schedule.arrivalMs(performance.now(), bytes);
    this.#waiting.push({ item, bytes, dueMs });
    this.#queuedBytes += bytes;
    this.#timer ??= setTimeout(() => this.#release(), Math.max(0, dueMs - performance.now()));
  }

  /** Forgets everything on its way. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#queuedBytes = 0;
  }

  #release(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    if (this.#isHeldUp(nowMs)) return;
    for (
      let first = this.#waiting[0];
      first !== undefined && first.dueMs <= nowMs;
      first = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#queuedBytes -= first.bytes;
      this.#effects.deliver(first.item);
    }
    const next = this.#waiting[0];
    if (next !== undefined)
      this.#timer ??= setTimeout(() => this.#release(), Math.max(0, next.dueMs - nowMs));
  }

  /** A cut holds the line up until the first repetition after its end. */
  #isHeldUp(nowMs: number): boolean {
    if (!this.#effects.isCut()) {
      this.#stuckSinceMs = undefined;
      return false;
    }
    this.#stuckSinceMs ??= nowMs;
    const retryMs = nextRetryMs(this.#stuckSinceMs, nowMs, this.#schedule.retransmissionMs);
    this.#timer = setTimeout(() => this.#release(), retryMs - nowMs);
    return true;
  }
}
