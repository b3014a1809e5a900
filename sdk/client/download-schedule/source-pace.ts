import {
  MIN_BDP_BYTES,
  MIN_RATE_SAMPLE_BYTES,
  MIN_WINDOW_BYTES,
  PACE_SAMPLES,
  RATE_SMOOTHING,
  SLOW_SOURCE_SHARE,
} from '../client-limits.ts';
import { WindowSearch } from './window-search.ts';

/** Resolution of the clock: what comes sooner is not measured more finely. */
const MIN_SAMPLE_MS = 1;

/** What was known of a source when a request was sent to it. */
export interface Sending {
  readonly askedBytes: number;
  /** Bytes delivered until then, and when the last of them came, or when it was asked for more after a pause. */
  readonly deliveredBytes: number;
  readonly busySinceMs: number;
  /** Whether the window was full with it. */
  readonly filled: boolean;
}

/** One answer with verified or wrong bytes. */
export interface Arrival {
  readonly bytes: number;
  readonly nowMs: number;
  /** Until the answer began, milliseconds. @default unknown */
  readonly waitedMs?: number | undefined;
}

/**
 * How fast a source is, and how much must be asked of it to keep it busy: its delivery rate over whole round trips and
 * its least round trip, as BBR measures them (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016), for
 * requests instead of packets. A node that holds answers back for its upload cap looks like a long round trip, so the
 * window follows what more requests brought (window-search.ts), not the product of the two alone.
 */
export class SourcePace {
  readonly #window = new WindowSearch();
  readonly #tripsMs: number[] = [];
  #deliveredBytes = 0;
  #busySinceMs = 0;
  #inFlightBytes = 0;
  #rate: number | undefined;

  /**
   * Bytes per millisecond, smoothed; undefined until enough has arrived. A source that is overdue is as fast as if it
   * answered now, so that one that has fallen silent is soon the slowest.
   */
  rateAt(nowMs: number): number | undefined {
    if (this.#rate === undefined || this.#inFlightBytes === 0 || nowMs <= this.#busySinceMs)
      return this.#rate;
    return Math.min(this.#rate, this.#inFlightBytes / (nowMs - this.#busySinceMs));
  }

  /** Least time of the recent answers until they began, milliseconds; undefined until one told it. */
  get roundTripMs(): number | undefined {
    return this.#tripsMs.length === 0 ? undefined : Math.min(...this.#tripsMs);
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Bytes to have in flight. More is asked for while less than this is on its way. */
  get windowBytes(): number {
    return this.#window.blocks * MIN_WINDOW_BYTES;
  }

  /** Expected time until a block of so many bytes is there that is asked for now; undefined if nothing is known. */
  expectedMs(bytes: number, nowMs: number): number | undefined {
    const rate = this.rateAt(nowMs);
    return rate === undefined ? undefined : (this.#inFlightBytes + bytes) / rate;
  }

  /** The same with the round trip that a rate over several requests side by side hides. */
  answeredInMs(bytes: number, nowMs: number): number | undefined {
    const ms = this.expectedMs(bytes, nowMs);
    return ms === undefined ? undefined : ms + (this.roundTripMs ?? 0);
  }

  /** Time that another source takes for so many bytes if it is like this one; undefined if nothing is known of this one. */
  alikeMs(bytes: number): number | undefined {
    return this.#rate === undefined ? undefined : bytes / this.#rate + (this.roundTripMs ?? 0);
  }

  send(bytes: number, nowMs: number): Sending {
    if (this.#inFlightBytes === 0) this.#busySinceMs = nowMs;
    this.#inFlightBytes += bytes;
    return {
      askedBytes: bytes,
      deliveredBytes: this.#deliveredBytes,
      busySinceMs: this.#busySinceMs,
      filled: this.#inFlightBytes >= this.windowBytes,
    };
  }

  /** The request is over; an answer of 0 bytes was a refusal or a failure and says nothing of the pace. */
  end({ askedBytes, deliveredBytes, busySinceMs, filled }: Sending, arrival: Arrival): void {
    this.#inFlightBytes = Math.max(0, this.#inFlightBytes - askedBytes);
    const { bytes, nowMs, waitedMs } = arrival;
    if (bytes === 0) return;
    this.#deliveredBytes += bytes;
    this.#busySinceMs = nowMs;
    if (waitedMs !== undefined) this.#tripsMs.push(waitedMs);
    if (this.#tripsMs.length > PACE_SAMPLES) this.#tripsMs.shift();
    // What is sent at once says more of the latency than of the rate.
    if (bytes < MIN_RATE_SAMPLE_BYTES) return;
    const rate = (this.#deliveredBytes - deliveredBytes) / Math.max(MIN_SAMPLE_MS, nowMs - busySinceMs);
    this.#rate = smoothed(this.#rate, rate);
    const mayGrow = this.#rate * (this.roundTripMs ?? 0) >= MIN_BDP_BYTES;
    if (filled) this.#window.note({ rate, mayGrow, nowMs });
  }
}

/** A sudden fall counts at once, by the geometric mean: what a slow source holds up costs more than what it misses. */
function smoothed(before: number | undefined, rate: number): number {
  if (before === undefined) return rate;
  return rate < before * SLOW_SOURCE_SHARE
    ? Math.sqrt(before * rate)
    : before + (rate - before) * RATE_SMOOTHING;
}
