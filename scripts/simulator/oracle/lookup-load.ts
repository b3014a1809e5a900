import type { LookupOutcome } from '../../../node/core/one-hop-ring/ring-ports.ts';
import { below, type Random } from '../engine/random-streams.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { isRight, type ProvidedKey } from './provided-keys.ts';

/** One lookup of a provided key and what became of it. */
export interface ObservedLookup {
  readonly provided: ProvidedKey;
  readonly asker: SimulatedNode;
  readonly startMs: number;
  /** Live holders of the record when the lookup began. */
  readonly holders: number;
  readonly outcome: LookupOutcome | undefined;
  readonly right: boolean;
}

export interface LookupLoadOptions {
  readonly keys: readonly ProvidedKey[];
  readonly perSecond: number;
  /** Who may ask; every live node by default. */
  readonly mayAsk?: (node: SimulatedNode) => boolean;
  /** Which keys this node may be asked for; any by default. */
  readonly maySeek?: (asker: SimulatedNode, provided: ProvidedKey) => boolean;
  /** Live holders of a key's record at the start of a lookup. */
  readonly holdersOf: (provided: ProvidedKey) => number;
}

/** Live nodes look provided keys up at a steady rate; every answer is held against the truth. */
export class LookupLoad {
  /** Those that are over, except where the asker died meanwhile. */
  readonly finished: ObservedLookup[] = [];
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #options: LookupLoadOptions;
  #stopped = false;

  /** Begins at once. */
  constructor(simulation: Simulation, random: Random, options: LookupLoadOptions) {
    this.#simulation = simulation;
    this.#random = random;
    this.#options = options;
    simulation.every(1_000 / options.perSecond, () => {
      if (!this.#stopped) this.#ask();
      return !this.#stopped;
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  #ask(): void {
    const { keys, mayAsk, maySeek, holdersOf } = this.#options;
    const provided = keys[below(this.#random, keys.length)];
    if (provided === undefined || !isRunning(provided.provider) || this.#simulation.live.size === 0) return;
    const asker = this.#simulation.live.random(this.#random);
    if (mayAsk?.(asker) === false || maySeek?.(asker, provided) === false) return;
    const startMs = this.#simulation.nowMs;
    const holders = holdersOf(provided);
    this.#simulation.lookup(asker, provided.key, (outcome) => {
      const right = isRight(outcome, provided);
      this.finished.push({ provided, asker, startMs, holders, outcome, right });
    });
  }
}

/** Share of right answers; 1 if nothing was asked. */
export function shareRight(lookups: readonly ObservedLookup[]): number {
  return lookups.length === 0 ? 1 : lookups.filter(({ right }) => right).length / lookups.length;
}
