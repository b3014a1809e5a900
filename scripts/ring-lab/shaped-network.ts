import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { RandomStreams } from '../measuring/random-streams.ts';
import { DelayLine } from './delay-line.ts';
import { linkBetween, type Cut, type NetworkShape } from './network-shape.ts';
import { nextRetryMs, SegmentSchedule } from './segment-schedule.ts';

/** Between two attempts to connect over a cut link: Linux repeats a SYN after one second. */
const SYN_RETRY_MS = 1_000;

/**
 * The network between all peers as one process sees it. Each connection is shaped by the side that dialled it, in both
 * directions: it knows both ends from the first byte on.
 */
export class ShapedNetwork {
  readonly #shape: NetworkShape;
  /** One of its own for each line, so that what one link draws does not shift what another draws. */
  readonly #streams: RandomStreams;
  #cuts: readonly { readonly from: ReadonlySet<string>; readonly to: ReadonlySet<string> }[] = [];
  #lines = 0;

  constructor(shape: NetworkShape) {
    this.#shape = shape;
    this.#streams = new RandomStreams(shape.seed);
  }

  /** Replaces all cuts; none: the network is whole. */
  setCuts(cuts: readonly Cut[]): void {
    this.#cuts = cuts.map(({ from, to }) => ({ from: new Set(from), to: new Set(to) }));
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.some((cut) => cut.from.has(from) && cut.to.has(to));
  }

  /** One direction of a new connection. */
  line<T>(from: string, to: string, deliver: (item: T) => void): DelayLine<T> {
    return new DelayLine(this.#schedule(from, to), { deliver, isCut: () => this.isCut(from, to) });
  }

  /**
   * The round trip of TCP's own handshake.
   * @throws the signal's reason if it does not come about in time
   */
  async connect(from: string, to: string, signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    while (this.isCut(from, to) || this.isCut(to, from)) {
      const nowMs = performance.now();
      await sleep(nextRetryMs(startMs, nowMs, SYN_RETRY_MS) - nowMs, undefined, { signal });
    }
    const nowMs = performance.now();
    const thereMs = this.#schedule(from, to).arrivalMs(nowMs, 0);
    const backMs = this.#schedule(to, from).arrivalMs(thereMs, 0);
    if (backMs > nowMs) await sleep(backMs - nowMs, undefined, { signal });
  }

  #schedule(from: string, to: string): SegmentSchedule {
    this.#lines += 1;
    const random = this.#streams.stream(`${this.#lines} ${from} ${to}`);
    return new SegmentSchedule(linkBetween(this.#shape, from, to), random);
  }
}
