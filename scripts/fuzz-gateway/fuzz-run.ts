import { setTimeout as sleep } from 'node:timers/promises';

import { request } from 'undici';

import { countingRandom, RandomStreams } from '../measuring/random-streams.ts';
import { FuzzConnection } from './fuzz-connection.ts';
import { processFigures, type ProcessFigures } from './process-figures.ts';
import { RequestGenerator } from './request-generator.ts';
import type { FuzzReport } from './report.ts';
import { Tally } from './tally.ts';
import type { Target } from './target.ts';

export interface FuzzPlan {
  readonly requests: number;
  readonly seed: number;
  /** Connections at a time. */
  readonly connections: number;
  /** Only this one, once. */
  readonly only?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((tally: Tally, figures: ProcessFigures) => void) | undefined;
}

const SAMPLE_INTERVAL_MS = 500;
/** Memory is compared with what it was after this share of the requests, caches being full by then. */
const WARM_SHARE = 0.1;
/** Sockets of clients that left may take a moment to be seen as gone. */
const SETTLE_TIMEOUT_MS = 20_000;
const SETTLE_STEP_MS = 100;

/** Sends hostile requests to a target until enough were sent or too much was found. */
export class FuzzRun {
  readonly #target: Target;
  readonly #plan: FuzzPlan;
  readonly #tally = new Tally();
  readonly #streams: RandomStreams;
  #number = 0;
  #peak = 0;
  #warm: ProcessFigures | undefined;
  #crashed = false;

  constructor(target: Target, plan: FuzzPlan) {
    this.#target = target;
    this.#plan = plan;
    this.#streams = new RandomStreams(plan.seed);
  }

  async run(): Promise<FuzzReport> {
    const before = await this.#figures();
    const startedMs = performance.now();
    const stop = new AbortController();
    const watching = this.#watch(stop.signal);
    const lanes = this.#plan.only === undefined ? this.#plan.connections : 1;
    await Promise.all(Array.from({ length: lanes }, async () => this.#lane()));
    const seconds = (performance.now() - startedMs) / 1_000;
    stop.abort();
    await watching;
    const after = await this.#settled(before.handles + this.#target.ownHandles);
    const leakedHandles = Math.max(0, after.handles - before.handles - this.#target.ownHandles);
    return {
      ...{
        tally: this.#tally,
        seconds,
        seed: this.#plan.seed,
        crashed: this.#crashed || !(await this.#target.alive()),
      },
      ...{ before, warm: this.#warm ?? before, peakMemoryBytes: this.#peak, after, leakedHandles },
      normalAfter: await this.#isNormal(),
    };
  }

  async #lane(): Promise<void> {
    const { requests, only, signal } = this.#plan;
    const tally = this.#tally;
    const { host, port } = this.#target;
    const surroundings = { host, port, tally, requests: new RequestGenerator(this.#target) };
    while (!tally.full && !this.#crashed && !signal.aborted && tally.requests < requests) {
      const number = only ?? this.#number++;
      const random = countingRandom(this.#streams.seedOf('connection', number));
      await new FuzzConnection(surroundings, number, random).run();
      if (only !== undefined) return;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { requests, onProgress } = this.#plan;
    while (!signal.aborted) {
      const figures = await this.#figures();
      if (this.#tally.requests >= requests * WARM_SHARE) this.#warm ??= figures;
      onProgress?.(this.#tally, figures);
      this.#crashed ||= !(await this.#target.alive());
      await sleep(SAMPLE_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #figures(): Promise<ProcessFigures> {
    const figures = await processFigures(await this.#target.pids());
    this.#peak = Math.max(this.#peak, figures.memoryBytes);
    return figures;
  }

  /** The figures once as few handles are open as before, or when that does not come about. */
  async #settled(handles: number): Promise<ProcessFigures> {
    for (let waitedMs = 0; ; waitedMs += SETTLE_STEP_MS) {
      const figures = await this.#figures();
      if (figures.handles <= handles || waitedMs >= SETTLE_TIMEOUT_MS) return figures;
      await sleep(SETTLE_STEP_MS);
    }
  }

  /** Whether an ordinary client gets every byte now. */
  async #isNormal(): Promise<boolean> {
    const { host, port, content } = this.#target;
    const { path, bytes } = content.control;
    try {
      const answer = await request(`http://${host}:${port}/ipfs/${path}`);
      return answer.statusCode === 200 && Buffer.from(await answer.body.arrayBuffer()).equals(bytes);
    } catch {
      // The run says what it found; here the answer is no.
      return false;
    }
  }
}
