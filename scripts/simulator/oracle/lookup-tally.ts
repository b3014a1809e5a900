import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { REPLICAS } from '../../../node/core/one-hop-ring/limits.ts';
import { isInTruth } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { Histogram } from '../output/histogram.ts';
import { rounded } from '../output/rounded.ts';
import type { ObservedLookup } from './lookup-load.ts';

/** Counts of lookups whose provider lived from question to answer: any number of them in little memory. */
export class LookupTally {
  readonly #simulation: Simulation;
  readonly #durations = new Histogram(1);
  #asked = 0;
  #firstTry = 0;
  #found = 0;
  #elsewhere = 0;
  #unanswered = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** To be called at the moment of the answer. */
  note({ provided, startMs, outcome, right }: ObservedLookup): void {
    if (!isInTruth(provided.provider)) return;
    const { live, nowMs } = this.#simulation;
    this.#asked += 1;
    this.#durations.add(nowMs - startMs);
    if (right) this.#found += 1;
    if (right && outcome !== undefined && outcome.hops <= 1) this.#firstTry += 1;
    const answeredBy = outcome?.answeredBy;
    if (answeredBy === undefined) {
      this.#unanswered += 1;
      return;
    }
    const replicas = live.successors(provided.key, REPLICAS);
    if (!replicas.some((node) => equalBytes(node.identity.nid, answeredBy))) this.#elsewhere += 1;
  }

  /**
   * For a report; nothing if nothing was asked. `firstTryShare`: the first node asked named the provider, or the asker
   * knew it itself; `foundShare`: whichever node did; `answeredElsewhere`: by none of the key's true replicas.
   */
  get figures(): Readonly<Record<string, number>> {
    if (this.#asked === 0) return {};
    return {
      firstTryShare: rounded(this.#firstTry / this.#asked, 6),
      foundShare: rounded(this.#found / this.#asked, 6),
      answeredElsewhere: this.#elsewhere,
      unanswered: this.#unanswered,
      lookups: this.#asked,
      lookupP50Ms: this.#durations.percentileMs(0.5),
      lookupP99Ms: this.#durations.percentileMs(0.99),
    };
  }
}
