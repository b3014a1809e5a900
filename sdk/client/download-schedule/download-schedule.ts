import {
  MAX_COPIES_IN_FLIGHT,
  MAX_IN_FLIGHT_PER_SOURCE,
  MAX_PATIENCE,
  MAX_STALLED_HOLDERS,
  MIN_STEAL_GAIN_MS,
  MIN_WINDOW_BYTES,
  NEAR_SHARE,
  SLOW_PROBE_INTERVAL_MS,
  SLOW_SOURCE_SHARE,
  STEAL_FACTOR,
  URGENT_FREE_BLOCKS,
} from '../client-limits.ts';
import { CopyBudget } from './copy-budget.ts';
import { lateAfterMs, OVERDUE, STALLED, VERY_LATE, type Holding, type Lateness } from './lateness.ts';
import { SourcePace, type Sending } from './source-pace.ts';

/** One block to ask of one source. */
export interface Assignment {
  readonly source: string;
  readonly block: string;
  readonly bytes: number;
}

/** Whether a source would serve a block of up to `bytes` now: its credit decides. */
export type Admits = (source: string, bytes: number) => boolean;

/** What came of a request. */
export interface Answered {
  /** 0 for a refusal or failure, which says nothing of the source's pace. */
  readonly bytes: number;
  readonly nowMs: number;
  /** Until the answer began, milliseconds. @default unknown */
  readonly waitedMs?: number | undefined;
}

/** How a source does. */
export interface SourceView {
  readonly source: string;
  /** Bytes per millisecond; undefined until it was measured. */
  readonly rate: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Bytes that should be in flight to keep it busy, and those that are. */
  readonly windowBytes: number;
  readonly inFlightBytes: number;
}

interface Source {
  readonly id: string;
  /** A peer of the own domain: it comes first. */
  readonly near: boolean;
  readonly pace: SourcePace;
  readonly inFlight: Map<Wanted, Sending>;
  lastAskedMs: number;
  pausedUntilMs: number;
  /** How many times longer than others it is waited for before it counts as stalled. */
  patience: number;
}

interface Wanted {
  readonly key: string;
  readonly bytes: number;
  readonly holders: Map<string, Holding>;
  readonly excluded: Set<string>;
  /** Holders that were taken for stalled. */
  readonly givenUp: Set<string>;
  /** A copy of it is reserved in the budget. */
  copyReserved: boolean;
}

/**
 * Which block is asked of which source (DELIVERY.md, the four kinds of work: download).
 *
 * Blocks are wanted in the order in which they are needed. The fastest source with room in its window and credit takes
 * the next one. A slow source takes a block that is needed only when it can have it, so that it never holds the others
 * back. When nothing is left to hand out, a source that could deliver a block much sooner than its holder is asked for it
 * too: within a budget, or because the holder has stalled.
 *
 * Pure: time comes in as an argument, nothing is awaited.
 */
export class DownloadSchedule {
  readonly #sources = new Map<string, Source>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #budget = new CopyBudget();

  /** @param options.near a peer of the own domain: others rest while such peers do @default false */
  addSource(id: string, { near = false }: { readonly near?: boolean } = {}): void {
    if (this.#sources.has(id)) return;
    const pace = new SourcePace();
    this.#sources.set(id, {
      id,
      near,
      pace,
      inFlight: new Map(),
      lastAskedMs: 0,
      pausedUntilMs: 0,
      patience: 1,
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

  /** How each source does. */
  view(nowMs: number): readonly SourceView[] {
    return [...this.#sources.values()].map(({ id, pace }) => {
      const { roundTripMs, windowBytes, inFlightBytes } = pace;
      return { source: id, rate: pace.rateAt(nowMs), roundTripMs, windowBytes, inFlightBytes };
    });
  }

  /** Blocks that are wanted and have not arrived. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** Asks for a block of at most `bytes`, after those that are already wanted. */
  want(key: string, bytes: number): void {
    if (this.#wanted.has(key)) return;
    this.#wanted.set(key, {
      key,
      bytes,
      holders: new Map(),
      excluded: new Set(),
      givenUp: new Set(),
      copyReserved: false,
    });
  }

  /** The block is there, or no longer needed. */
  forget(key: string): void {
    const block = this.#wanted.get(key);
    // Reserved for a slow source's block, which came in time.
    if (block?.copyReserved === true && block.holders.size < 2) this.#budget.giveBack(block.bytes);
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

  /** The source's answer came. Call `forget` before if it brought the block. */
  answered(source: string, key: string, answer: Answered): void {
    this.#wanted.get(key)?.holders.delete(source);
    const from = this.#sources.get(source);
    if (from === undefined) return;
    for (const [block, sending] of from.inFlight) {
      if (block.key !== key) continue;
      from.inFlight.delete(block);
      from.pace.end(sending, answer);
      // It was late, not stalled: as a retransmission timer backs off after a false alarm (RFC 6298).
      if (answer.bytes > 0 && block.givenUp.has(source))
        from.patience = Math.min(MAX_PATIENCE, from.patience * 2);
      return;
    }
  }

  /** The next request to send, booked as under way, or undefined if there is none now. Call it until it has none. */
  next(nowMs: number, admits: Admits): Assignment | undefined {
    for (const source of this.#bySpeed(nowMs)) {
      if (source.pausedUntilMs > nowMs || !hasRoom(source)) continue;
      const fresh = this.#rests(source, { nowMs, admits })
        ? this.#onlyFar(source)
        : this.#unassigned(source, nowMs);
      const block = this.#late(source, nowMs) ?? fresh ?? this.#toCopy(source, nowMs);
      if (block === undefined || !admits(source.id, block.bytes)) continue;
      if (this.#mayNeedCopy(source, block, nowMs) && !this.#reserveCopy(block)) continue;
      return this.#assign(source, block, nowMs);
    }
    return undefined;
  }

  #assign(source: Source, block: Wanted, nowMs: number): Assignment {
    const expectedMs = source.pace.answeredInMs(block.bytes, nowMs);
    if (this.#isLate(source, block, nowMs, STALLED))
      for (const holder of block.holders.keys()) block.givenUp.add(holder);
    const queuedBytes = source.pace.inFlightBytes + block.bytes;
    block.holders.set(source.id, { sinceMs: nowMs, expectedMs, queuedBytes });
    source.inFlight.set(block, source.pace.send(block.bytes, nowMs));
    source.lastAskedMs = nowMs;
    this.#budget.asked(block.bytes);
    return { source: source.id, block: block.key, bytes: block.bytes };
  }

  /** Fastest first; sources not yet measured are tried before all others, the least busy first. */
  #bySpeed(nowMs: number): Source[] {
    return [...this.#sources.values()].sort((a, b) => {
      const [rateA, rateB] = [a.pace.rateAt(nowMs), b.pace.rateAt(nowMs)];
      if (rateA === undefined && rateB === undefined) return a.inFlight.size - b.inFlight.size;
      return (rateB ?? Infinity) - (rateA ?? Infinity);
    });
  }

  /**
   * Whether peers of the own domain do without this source: together they are at least NEAR_SHARE as fast as all others
   * together. A peer without credit counts for nothing while nothing is on its way from it. The source is still asked for
   * what is late, and now and then, so that its rate stays known.
   */
  #rests(source: Source, { nowMs, admits }: { readonly nowMs: number; readonly admits: Admits }): boolean {
    if (source.near || source.pace.rateAt(nowMs) === undefined) return false;
    if (nowMs - source.lastAskedMs >= SLOW_PROBE_INTERVAL_MS) return false;
    let nearRate = 0;
    let farRate = 0;
    for (const { id, near, pace, pausedUntilMs, inFlight } of this.#sources.values()) {
      if (pausedUntilMs > nowMs) continue;
      if (near && inFlight.size === 0 && !admits(id, MIN_WINDOW_BYTES)) continue;
      const rate = pace.rateAt(nowMs) ?? 0;
      if (near) nearRate += rate;
      else farRate += rate;
    }
    return nearRate > 0 && nearRate >= farRate * NEAR_SHARE;
  }

  /** The first block that is asked of nobody and that no peer of the own domain has. */
  #onlyFar(source: Source): Wanted | undefined {
    const near = [...this.#sources.values()].filter((other) => other.near);
    for (const block of this.#wanted.values()) {
      if (block.holders.size > 0 || block.excluded.has(source.id)) continue;
      if (near.every(({ id }) => block.excluded.has(id))) return block;
    }
    return undefined;
  }

  /** The first block that is asked of nobody and that this source would not hold up. */
  #unassigned(source: Source, nowMs: number): Wanted | undefined {
    const neededAheadBytes = this.#aheadBytesOf(source, nowMs);
    let aheadBytes = 0;
    let last: Wanted | undefined;
    for (const block of this.#wanted.values()) {
      const free = block.holders.size === 0 && !block.excluded.has(source.id);
      if (free && (aheadBytes >= neededAheadBytes || this.#noneFasterFor(source, block, nowMs))) return block;
      if (free) last = block;
      aheadBytes += block.bytes;
    }
    // A source that is too slow is tried again now and then: it may have been slow for a moment only.
    return nowMs - source.lastAskedMs >= SLOW_PROBE_INTERVAL_MS ? last : undefined;
  }

  /** Bytes that all sources together deliver while this one delivers a block: 0 unless it is known to be slow. */
  #aheadBytesOf(source: Source, nowMs: number): number {
    const rate = source.pace.rateAt(nowMs);
    let best = 0;
    let together = 0;
    for (const { pace } of this.#sources.values()) {
      const each = pace.rateAt(nowMs) ?? 0;
      best = Math.max(best, each);
      together += each;
    }
    if (rate === undefined || rate >= best * SLOW_SOURCE_SHARE) return 0;
    let blockBytes = 0;
    for (const block of this.#wanted.values()) blockBytes = Math.max(blockBytes, block.bytes);
    return (source.pace.expectedMs(blockBytes, nowMs) ?? 0) * together;
  }

  /** Whether no source that may have the block is known to be much faster. */
  #noneFasterFor(source: Source, block: Wanted, nowMs: number): boolean {
    const rate = source.pace.rateAt(nowMs);
    if (rate === undefined) return true;
    for (const { id, pace } of this.#sources.values()) {
      const other = pace.rateAt(nowMs);
      if (!block.excluded.has(id) && other !== undefined && rate < other * SLOW_SOURCE_SHARE) return false;
    }
    return true;
  }

  /**
   * A block that is needed before everything that is asked of nobody: its holders have stalled, or it is overdue and
   * the first of all, and what is free will hardly last until a copy of it is there.
   */
  #late(source: Source, nowMs: number): Wanted | undefined {
    let first = true;
    for (const block of this.#wanted.values()) {
      const replaced = mayCopy(source, block, MAX_STALLED_HOLDERS);
      if (replaced && this.#isLate(source, block, nowMs, STALLED)) return block;
      if (first && this.#isUrgent(source, block, nowMs)) return block;
      first = false;
    }
    return undefined;
  }

  #isUrgent(source: Source, block: Wanted, nowMs: number): boolean {
    if (!mayCopy(source, block) || source.pace.rateAt(nowMs) === undefined) return false;
    if (!this.#isLate(source, block, nowMs, OVERDUE) || !this.#mayCost(source, block, nowMs)) return false;
    let free = 0;
    for (const { holders } of this.#wanted.values()) if (holders.size === 0) free += 1;
    return free <= this.#sources.size * URGENT_FREE_BLOCKS && this.#noneFasterFor(source, block, nowMs);
  }

  /** The first block whose holders would all take much longer than this source, if a copy may be asked for. */
  #toCopy(source: Source, nowMs: number): Wanted | undefined {
    for (const block of this.#wanted.values()) {
      if (!mayCopy(source, block)) continue;
      const ownMs = source.pace.expectedMs(block.bytes, nowMs) ?? Infinity;
      const remainingMs = this.#remainingMs(block, nowMs);
      if (remainingMs <= ownMs * STEAL_FACTOR || remainingMs - ownMs <= MIN_STEAL_GAIN_MS) continue;
      if (this.#mayCost(source, block, nowMs)) return block;
    }
    return undefined;
  }

  /** Whether there is room for a copy: within the share of bytes that may come twice, or because it is very late. */
  #mayCost(source: Source, block: Wanted, nowMs: number): boolean {
    const missingBytes = block.copyReserved ? 0 : block.bytes;
    if (this.#budget.shareFits(missingBytes)) return true;
    return this.#budget.fits(missingBytes) && this.#isLate(source, block, nowMs, VERY_LATE);
  }

  /** Whether asking for it is a copy, or may lead to one because the source is slow. Stalled holders are replaced. */
  #mayNeedCopy(source: Source, block: Wanted, nowMs: number): boolean {
    if (block.holders.size > 0) return !this.#isLate(source, block, nowMs, STALLED);
    return !this.#noneFasterFor(source, block, nowMs);
  }

  #reserveCopy(block: Wanted): boolean {
    block.copyReserved ||= this.#budget.reserve(block.bytes);
    return block.copyReserved;
  }

  /** Least expected time until a holder delivers. One that is overdue may take as long again as it already has. */
  #remainingMs(block: Wanted, nowMs: number): number {
    let leastMs = Infinity;
    for (const [id, { sinceMs }] of block.holders) {
      const elapsedMs = nowMs - sinceMs;
      const expectedMs = this.#sources.get(id)?.pace.expectedMs(0, nowMs) ?? 0;
      leastMs = Math.min(leastMs, elapsedMs > expectedMs ? elapsedMs : expectedMs - elapsedMs);
    }
    return leastMs;
  }

  /** Whether all holders are so late that the source might be asked instead. */
  #isLate(source: Source, block: Wanted, nowMs: number, lateness: Lateness): boolean {
    for (const [id, holding] of block.holders) {
      const patience = this.#sources.get(id)?.patience ?? 1;
      if (nowMs - holding.sinceMs < lateAfterMs(holding, source.pace, lateness) * patience) return false;
    }
    return true;
  }
}

/** Whether the source may be asked for a block that others were asked for. */
function mayCopy(source: Source, { holders, excluded }: Wanted, most = MAX_COPIES_IN_FLIGHT): boolean {
  const open = holders.size > 0 && holders.size < most;
  return open && !holders.has(source.id) && !excluded.has(source.id);
}

/** Whether more should be on its way from the source. */
function hasRoom({ inFlight, pace }: Source): boolean {
  return inFlight.size < MAX_IN_FLIGHT_PER_SOURCE && pace.inFlightBytes < pace.windowBytes;
}
