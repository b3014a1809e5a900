import type { LookupOutcome } from '../../../node/core/one-hop-ring/ring-ports.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { isRight, type ProvidedKey } from './provided-keys.ts';

/** One lookup of a provided key and what became of it. */
export interface ObservedLookup {
  readonly provided: ProvidedKey;
  readonly startMs: number;
  /** Live holders of the record when the lookup began; NaN if nobody asked for it. */
  readonly holders: number;
  /** Undefined if the asker lives and said nothing for twice the longest life of a lookup. */
  readonly outcome: LookupOutcome | undefined;
  readonly right: boolean;
}

export interface LookupLoadOptions {
  readonly random: Random;
  /** Read at every lookup, so it may change. */
  readonly keys: readonly ProvidedKey[];
  readonly perSecond: number;
  /** Who may ask; every live node by default. */
  readonly mayAsk?: (node: SimulatedNode) => boolean;
  /** Which keys may be asked for; any by default. */
  readonly maySeek?: (provided: ProvidedKey) => boolean;
  /** Live holders of a key's record at the start of a lookup. */
  readonly holdersOf?: (provided: ProvidedKey) => number;
  /** Called when a lookup is over, and not where the asker died meanwhile. */
  readonly onFinished: (lookup: ObservedLookup) => unknown;
}

/** Live nodes look provided keys up at a steady rate; every answer is held against the truth. */
export class LookupLoad {
  readonly #simulation: Simulation;
  readonly #options: LookupLoadOptions;
  #stopped: boolean;

  /** Begins at once. */
  constructor(simulation: Simulation, options: LookupLoadOptions) {
    this.#simulation = simulation;
    this.#options = options;
    this.#stopped = options.perSecond <= 0;
    if (this.#stopped) return;
    simulation.every(1_000 / options.perSecond, () => {
      if (!this.#stopped) this.#ask();
      return !this.#stopped;
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  #ask(): void {
    const { random, keys, mayAsk, maySeek, holdersOf } = this.#options;
    const { live, nowMs: startMs } = this.#simulation;
    const provided = keys[below(random, keys.length)];
    if (provided === undefined || !isRunning(provided.provider) || live.size === 0) return;
    const asker = live.random(random);
    if (mayAsk?.(asker) === false || maySeek?.(provided) === false) return;
    const holders = holdersOf?.(provided) ?? Number.NaN;
    this.#lookUp(asker, provided, (outcome) => {
      const right = outcome !== undefined && isRight(outcome, provided);
      this.#options.onFinished({ provided, startMs, holders, outcome, right });
    });
  }

  /** An asker that dies never answers itself; one that lives and does not answer is a fault. */
  #lookUp(
    asker: SimulatedNode,
    { key }: ProvidedKey,
    done: (outcome: LookupOutcome | undefined) => void,
  ): void {
    const simulation = this.#simulation;
    let isOver = false;
    simulation.lookup(asker, key, (outcome) => {
      if (!isOver) done(outcome);
      isOver = true;
    });
    if (isOver) return;
    simulation.at(simulation.nowMs + 2 * simulation.timing.lookupTimeoutMs, () => {
      if (!isOver && isRunning(asker)) done(undefined);
      isOver = true;
    });
  }
}

/** Share of right answers; 1 if nothing was asked. */
export function shareRight(lookups: readonly ObservedLookup[]): number {
  return lookups.length === 0 ? 1 : lookups.filter(({ right }) => right).length / lookups.length;
}
