import {
  MAX_COPIES_IN_FLIGHT,
  MAX_IN_FLIGHT_PER_SOURCE,
  MIN_RATE_SAMPLE_BYTES,
  MIN_STEAL_GAIN_MS,
  RATE_SMOOTHING,
  SLOW_PROBE_INTERVAL_MS,
  SLOW_SOURCE_SHARE,
  STEAL_FACTOR,
} from './client-limits.ts';

/** One block to ask of one source. */
export interface Assignment {
  readonly source: string;
  readonly block: string;
  readonly bytes: number;
}

/** Whether a source would serve a block of up to `bytes` now: its credit decides. */
export type Admits = (source: string, bytes: number) => boolean;

interface Source {
  readonly id: string;
  /** Bytes per millisecond, smoothed; undefined until something arrived. */
  rate: number | undefined;
  readonly inFlight: Set<Wanted>;
  lastArrivalMs: number;
  lastAskedMs: number;
  pausedUntilMs: number;
}

interface Wanted {
  readonly key: string;
  readonly bytes: number;
  /** Who was asked, and since when. */
  readonly holders: Map<string, number>;
  readonly excluded: Set<string>;
}

/**
 * Which block is asked of which source (DELIVERY.md, the four kinds of work: download).
 *
 * Blocks are wanted in the order in which they are needed. The fastest source that has credit takes the next one.
 * A slow source takes a block that is needed only when it can have it, so that it never holds the others back. When
 * nothing is left to hand out, a source that could deliver a block much sooner than its holder is asked for it too.
 *
 * Pure: time comes in as an argument, nothing is awaited.
 */
export class Schedule {
  readonly #sources = new Map<string, Source>();
  readonly #wanted = new Map<string, Wanted>();

  addSource(id: string): void {
    if (this.#sources.has(id)) return;
    this.#sources.set(id, {
      id,
      rate: undefined,
      inFlight: new Set(),
      lastArrivalMs: 0,
      lastAskedMs: 0,
      pausedUntilMs: 0,
    });
  }

  /** Forgets a source; what it was asked for is free again for the others. */
  removeSource(id: string): void {
    this.#sources.delete(id);
    for (const block of this.#wanted.values()) block.holders.delete(id);
  }

  /** Sources that are in use. */
  get sources(): ReadonlySet<string> {
    return new Set(this.#sources.keys());
  }

  /** Blocks that are wanted and have not arrived. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** Asks for a block of at most `bytes`, after those that are already wanted. */
  want(key: string, bytes: number): void {
    if (!this.#wanted.has(key))
      this.#wanted.set(key, { key, bytes, holders: new Map(), excluded: new Set() });
  }

  /** The block is there, or no longer needed. */
  forget(key: string): void {
    this.#wanted.delete(key);
  }

  /** The source does not have this block, or gave wrong bytes for it. */
  exclude(key: string, source: string): void {
    this.#wanted.get(key)?.excluded.add(source);
  }

  /** Whether every source that is left has been found not to have the block. */
  isUnavailable(key: string): boolean {
    const block = this.#wanted.get(key);
    if (block === undefined) return false;
    for (const id of this.#sources.keys()) if (!block.excluded.has(id)) return false;
    return true;
  }

  /** Lets every source be asked again for a block. */
  forgive(key: string): void {
    this.#wanted.get(key)?.excluded.clear();
  }

  /** Asks a source for nothing until then. */
  pause(source: string, untilMs: number): void {
    const paused = this.#sources.get(source);
    if (paused !== undefined) paused.pausedUntilMs = Math.max(paused.pausedUntilMs, untilMs);
  }

  /** The source's answer came with this many bytes (0 for a refusal or failure, which says nothing of its rate). */
  answered(
    source: string,
    key: string,
    answer: { readonly bytes: number; readonly startedMs: number; readonly nowMs: number },
  ): void {
    const block = this.#wanted.get(key);
    block?.holders.delete(source);
    const from = this.#sources.get(source);
    if (from === undefined) return;
    for (const inFlight of from.inFlight) if (inFlight.key === key) from.inFlight.delete(inFlight);
    // What is sent at once says more of the latency than of the rate.
    if (answer.bytes < MIN_RATE_SAMPLE_BYTES) return;
    // With several requests under way the link is shared: count from the previous arrival.
    const elapsedMs = Math.max(0.01, answer.nowMs - Math.max(answer.startedMs, from.lastArrivalMs));
    const measured = answer.bytes / elapsedMs;
    from.rate = from.rate === undefined ? measured : from.rate + (measured - from.rate) * RATE_SMOOTHING;
    from.lastArrivalMs = answer.nowMs;
  }

  /**
   * The next request to send, booked as under way, or undefined if there is none now. Call it until it has none.
   */
  next(nowMs: number, admits: Admits): Assignment | undefined {
    for (const source of this.#bySpeed()) {
      if (source.pausedUntilMs > nowMs || source.inFlight.size >= MAX_IN_FLIGHT_PER_SOURCE) continue;
      const block = this.#unassigned(source, nowMs) ?? this.#toSteal(source, nowMs);
      if (block === undefined || !admits(source.id, block.bytes)) continue;
      block.holders.set(source.id, nowMs);
      source.inFlight.add(block);
      source.lastAskedMs = nowMs;
      return { source: source.id, block: block.key, bytes: block.bytes };
    }
    return undefined;
  }

  /** Fastest first; sources not yet measured are tried before all others, the least busy first. */
  #bySpeed(): Source[] {
    return [...this.#sources.values()].sort((a, b) => {
      if (a.rate === undefined && b.rate === undefined) return a.inFlight.size - b.inFlight.size;
      return (b.rate ?? Infinity) - (a.rate ?? Infinity);
    });
  }

  #unassigned(source: Source, nowMs: number): Wanted | undefined {
    const neededAheadBytes = this.#aheadBytesOf(source);
    let aheadBytes = 0;
    let last: Wanted | undefined;
    for (const block of this.#wanted.values()) {
      const free = block.holders.size === 0 && !block.excluded.has(source.id);
      if (free && (aheadBytes >= neededAheadBytes || !this.#fasterFor(source, block))) return block;
      if (free) last = block;
      aheadBytes += block.bytes;
    }
    // A source too slow to help is tried again now and then: it may have been slow for a moment only.
    return nowMs - source.lastAskedMs >= SLOW_PROBE_INTERVAL_MS ? last : undefined;
  }

  /** Bytes that all sources together deliver while this one delivers a block: 0 unless it is slow. */
  #aheadBytesOf(source: Source): number {
    const rates = [...this.#sources.values()].map(({ rate }) => rate ?? 0);
    const best = Math.max(...rates);
    if (source.rate === undefined || source.rate >= best * SLOW_SOURCE_SHARE) return 0;
    let blockBytes = 0;
    for (const block of this.#wanted.values()) blockBytes = Math.max(blockBytes, block.bytes);
    const together = rates.reduce((sum, rate) => sum + rate, 0);
    return ((inFlightBytes(source) + blockBytes) / source.rate) * together;
  }

  /** Whether another source that may have the block is much faster, so that a slow one need not touch it. */
  #fasterFor(source: Source, block: Wanted): boolean {
    for (const other of this.#sources.values()) {
      if (block.excluded.has(other.id) || other.rate === undefined || source.rate === undefined) continue;
      if (source.rate < other.rate * SLOW_SOURCE_SHARE) return true;
    }
    return false;
  }

  /** The first block whose holder would take much longer than this source. */
  #toSteal(source: Source, nowMs: number): Wanted | undefined {
    if (source.rate === undefined) return undefined;
    for (const block of this.#wanted.values()) {
      const taken = block.holders.size === 0 || block.holders.size >= MAX_COPIES_IN_FLIGHT;
      if (taken || block.holders.has(source.id) || block.excluded.has(source.id)) continue;
      const ownMs = (inFlightBytes(source) + block.bytes) / source.rate;
      const remainingMs = Math.min(
        ...[...block.holders].map(([id, since]) => this.#remainingMs(id, block, nowMs - since)),
      );
      if (remainingMs > ownMs * STEAL_FACTOR && remainingMs - ownMs > MIN_STEAL_GAIN_MS) return block;
    }
    return undefined;
  }

  /** Expected time until a holder delivers. One that is overdue is expected to take as long again as it already has. */
  #remainingMs(holder: string, block: Wanted, elapsedMs: number): number {
    const source = this.#sources.get(holder);
    if (source?.rate === undefined) return elapsedMs;
    const expectedMs = (inFlightBytes(source) || block.bytes) / source.rate;
    return elapsedMs > expectedMs ? elapsedMs : expectedMs - elapsedMs;
  }
}

function inFlightBytes(source: Source): number {
  let bytes = 0;
  for (const block of source.inFlight) bytes += block.bytes;
  return bytes;
}
