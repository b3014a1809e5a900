import { expect } from 'chai';

import { DownloadSchedule } from '../../../../sdk/client/download-schedule/download-schedule.ts';

const MIB = 1024 * 1024;
export const BLOCK_BYTES = MIB;
/** The engine looks at clocks this often, and drops who is silent for so long. */
export const TICK_MS = 50;
const STALL_TIMEOUT_MS = 8_000;

/** A source of the model: one link with a rate and a round trip, which serves what it is asked in order. */
export interface ModelSource {
  /** Bytes per millisecond; changes at the times that `changes` names. */
  readonly rate: number;
  readonly roundTripMs?: number;
  /** A peer of the viewer's domain. */
  readonly near?: boolean;
  /** Blocks on credit at once. @default 4 */
  readonly credit?: number;
  readonly joinsAtMs?: number;
  readonly diesAtMs?: number;
  /** Sends nothing from then on. */
  readonly stallsAtMs?: number;
  /** Every block is wrong from then on. */
  readonly liesAtMs?: number;
  readonly changes?: readonly { readonly atMs: number; readonly rate: number }[];
  /** How many times longer than by rate and round trip its answers take, one after the other, again and again. @default 1 */
  readonly jitter?: readonly number[];
}

export interface Plan {
  readonly blocks: number;
  readonly sources: readonly ModelSource[];
  /** Blocks wanted ahead of the first that was not written. @default 32 */
  readonly aheadBlocks?: number;
}

export interface Outcome {
  readonly finishedMs: number;
  /** Right bytes by source, what came twice included. */
  readonly bytesBySource: ReadonlyMap<number, number>;
  readonly duplicateBytes: number;
  /** Blocks in the order in which they were written. */
  readonly written: readonly number[];
  /** Most blocks that waited for an earlier one. */
  readonly mostEarly: number;
  /** First time at which each source was asked for something. */
  readonly firstAskedMs: ReadonlyMap<number, number>;
  /** Requests for a block that another source was asked for at the time. */
  readonly copies: number;
}

interface Flight {
  readonly source: number;
  readonly block: number;
  readonly askedMs: number;
  readonly beginsMs: number;
  readonly doneMs: number;
}

/** Runs the very schedule of the client against model sources in virtual time: no clock, no chance. */
export function simulate({ blocks, sources, aheadBlocks = 32 }: Plan): Outcome {
  const model = new Model(blocks, sources, aheadBlocks);
  while (model.unfinished) model.step();
  return model.outcome();
}

class Model {
  readonly #schedule = new DownloadSchedule();
  readonly #sources: readonly ModelSource[];
  readonly #blocks: number;
  readonly #aheadBlocks: number;
  readonly #flights = new Set<Flight>();
  readonly #freeAtMs: number[];
  readonly #asked: number[];
  readonly #left = new Set<number>();
  readonly #joined = new Set<number>();
  readonly #arrived = new Set<number>();
  readonly #bytesBySource = new Map<number, number>();
  readonly #firstAskedMs = new Map<number, number>();
  readonly #written: number[] = [];
  #duplicateBytes = 0;
  #copies = 0;
  #mostEarly = 0;
  #wanted = 0;
  #nowMs = 0;
  #nextTickMs = TICK_MS;

  constructor(blocks: number, sources: readonly ModelSource[], aheadBlocks: number) {
    this.#blocks = blocks;
    this.#sources = sources;
    this.#aheadBlocks = aheadBlocks;
    this.#freeAtMs = sources.map(() => 0);
    this.#asked = sources.map(() => 0);
  }

  get unfinished(): boolean {
    return this.#written.length < this.#blocks;
  }

  outcome(): Outcome {
    return {
      finishedMs: this.#nowMs,
      bytesBySource: this.#bytesBySource,
      duplicateBytes: this.#duplicateBytes,
      written: this.#written,
      mostEarly: this.#mostEarly,
      firstAskedMs: this.#firstAskedMs,
      copies: this.#copies,
    };
  }

  /** Up to the next thing that happens: an answer, a death, a join, a stall noticed, or a tick of the engine. */
  step(): void {
    this.#join();
    this.#ask();
    let next: Flight | undefined;
    for (const flight of this.#flights)
      if (flight.doneMs < (next?.doneMs ?? Infinity) && flight.doneMs < this.#nextTickMs) next = flight;
    if (next !== undefined) {
      this.#nowMs = Math.max(this.#nowMs, next.doneMs);
      this.#answer(next);
      return;
    }
    this.#nowMs = this.#nextTickMs;
    this.#nextTickMs += TICK_MS;
    expect(this.#nowMs, 'the download stands still').to.be.lessThan(20_000_000);
    for (const [index, { diesAtMs = Infinity }] of this.#sources.entries())
      if (diesAtMs <= this.#nowMs) this.#leave(index);
    for (const { source, askedMs, doneMs } of [...this.#flights])
      if (doneMs === Infinity && this.#nowMs - askedMs >= STALL_TIMEOUT_MS) this.#leave(source);
  }

  #join(): void {
    for (const [index, { joinsAtMs = 0, near = false }] of this.#sources.entries()) {
      if (joinsAtMs > this.#nowMs || this.#joined.has(index) || this.#left.has(index)) continue;
      this.#joined.add(index);
      this.#schedule.addSource(String(index), { near });
    }
  }

  #leave(index: number): void {
    if (this.#left.has(index)) return;
    this.#left.add(index);
    this.#schedule.removeSource(String(index));
    for (const flight of this.#flights) if (flight.source === index) this.#flights.delete(flight);
  }

  #ask(): void {
    while (this.#wanted < this.#blocks && this.#wanted - this.#written.length < this.#aheadBlocks)
      this.#schedule.want(String(this.#wanted++), BLOCK_BYTES);
    const admits = (id: string): boolean => {
      let underWay = 0;
      for (const { source } of this.#flights) if (String(source) === id) underWay += 1;
      return underWay < (this.#sources[Number(id)]?.credit ?? 4);
    };
    for (;;) {
      const next = this.#schedule.next(this.#nowMs, admits);
      if (next === undefined) return;
      this.#send(Number(next.source), Number(next.block));
    }
  }

  #send(source: number, block: number): void {
    const { stallsAtMs = Infinity, diesAtMs = Infinity, ...model } = this.#sources[source] ?? { rate: 1 };
    const jitter = this.#jitterOf(source);
    const roundTripMs = (model.roundTripMs ?? 0) * jitter;
    const servedFromMs = Math.max(this.#nowMs + roundTripMs / 2, this.#freeAtMs[source] ?? 0);
    const servedMs = servedFromMs + (jitter * BLOCK_BYTES) / this.#rateAt(source, servedFromMs);
    this.#freeAtMs[source] = servedMs;
    if (!this.#firstAskedMs.has(source)) this.#firstAskedMs.set(source, this.#nowMs);
    for (const flight of this.#flights) if (flight.block === block) this.#copies += 1;
    const silent = servedMs >= Math.min(stallsAtMs, diesAtMs);
    this.#flights.add({
      source,
      block,
      askedMs: this.#nowMs,
      beginsMs: servedFromMs + roundTripMs / 2,
      doneMs: silent ? Infinity : servedMs + roundTripMs / 2,
    });
  }

  #jitterOf(source: number): number {
    const { jitter = [1] } = this.#sources[source] ?? {};
    const asked = this.#asked[source] ?? 0;
    this.#asked[source] = asked + 1;
    return jitter[asked % jitter.length] ?? 1;
  }

  #rateAt(source: number, atMs: number): number {
    const { rate, changes = [] } = this.#sources[source] ?? { rate: 1 };
    return changes.findLast((change) => change.atMs <= atMs)?.rate ?? rate;
  }

  #answer(flight: Flight): void {
    this.#flights.delete(flight);
    const { source, block, askedMs, beginsMs } = flight;
    const lies = this.#nowMs >= (this.#sources[source]?.liesAtMs ?? Infinity);
    const answer = { bytes: lies ? 0 : BLOCK_BYTES, nowMs: this.#nowMs, waitedMs: beginsMs - askedMs };
    if (lies) {
      this.#schedule.answered(String(source), String(block), answer);
      this.#leave(source);
      return;
    }
    if (this.#arrived.has(block)) this.#duplicateBytes += BLOCK_BYTES;
    this.#arrived.add(block);
    this.#schedule.forget(String(block));
    this.#schedule.answered(String(source), String(block), answer);
    this.#bytesBySource.set(source, (this.#bytesBySource.get(source) ?? 0) + BLOCK_BYTES);
    this.#mostEarly = Math.max(this.#mostEarly, this.#arrived.size - this.#written.length);
    while (this.#arrived.has(this.#written.length)) this.#written.push(this.#written.length);
  }
}
