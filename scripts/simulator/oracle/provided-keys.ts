import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { REPLICAS, RING_ID_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { LookupOutcome } from '../../../node/core/one-hop-ring/ring-ports.ts';
import type { Random } from '../../measuring/random-streams.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import { randomBytes } from '../engine/simulated-registry.ts';
import type { Simulation } from '../engine/simulation.ts';

/** A record may lie this many places behind its owner: former holders are asked too before it counts as lost. */
const SEARCHED_SUCCESSORS = 4 * REPLICAS;

/** A key and the node that provides it. */
export interface ProvidedKey {
  readonly key: RingId;
  readonly provider: SimulatedNode;
  readonly sinceMs: number;
}

/** Keys that nodes of the simulation provide, and where their records truly lie. */
export class ProvidedKeys {
  readonly all: ProvidedKey[] = [];
  readonly #simulation: Simulation;
  readonly #random: Random;

  constructor(simulation: Simulation, random: Random) {
    this.#simulation = simulation;
    this.#random = random;
  }

  /** Each of so many new random keys is provided by one of these nodes, in turn. */
  provide(count: number, providers: readonly SimulatedNode[]): void {
    for (let i = 0; i < count; i++) {
      const provider = providers[i % providers.length];
      if (provider !== undefined) this.#provide(provider);
    }
  }

  /** Each of so many new random keys is provided by a random member. */
  provideAnywhere(count: number): void {
    for (let i = 0; i < count; i++) this.#provide(this.#simulation.live.random(this.#random));
  }

  /** From now on the keys of a node go with it, and random members provide as many new ones. */
  replaceLost(): void {
    const replace = (node: SimulatedNode): void => {
      const kept = this.all.filter(({ provider }) => provider !== node);
      const gone = this.all.length - kept.length;
      if (gone === 0) return;
      this.all.splice(0, this.all.length, ...kept);
      if (this.#simulation.live.size > 0) this.provideAnywhere(gone);
    };
    this.#simulation.observers.push({ onCrashed: replace, onLeft: replace });
  }

  /** Keys whose provider still runs: the others must not be found. */
  get ofLiveProviders(): ProvidedKey[] {
    return this.all.filter(({ provider }) => isRunning(provider));
  }

  /** Live nodes that hold the record of the key's provider, among the key's first successors by the truth. */
  holdersOf(provided: ProvidedKey, among: number = SEARCHED_SUCCESSORS): SimulatedNode[] {
    const { nowMs, live } = this.#simulation;
    return live
      .successors(provided.key, among)
      .filter(({ machine }) =>
        machine.recordsHeld(provided.key, nowMs).some((record) => isOf(record.publicKey, provided)),
      );
  }

  /** Do all responsible live nodes hold the record? */
  isFullyReplicated(provided: ProvidedKey): boolean {
    const wanted = Math.min(REPLICAS, this.#simulation.live.size);
    return this.holdersOf(provided, REPLICAS).length === wanted;
  }

  /** Keys that no live node holds although their provider runs. */
  lost(): ProvidedKey[] {
    return this.ofLiveProviders.filter((provided) => this.holdersOf(provided).length === 0);
  }

  underReplicated(): ProvidedKey[] {
    return this.ofLiveProviders.filter((provided) => !this.isFullyReplicated(provided));
  }

  #provide(provider: SimulatedNode): void {
    const key = randomBytes(this.#random, RING_ID_BYTES);
    this.all.push({ key, provider, sinceMs: this.#simulation.nowMs });
    this.#simulation.act(provider, { type: 'provide', key });
  }
}

/** Does the answer name the provider? */
export function isRight(outcome: LookupOutcome, provided: ProvidedKey): boolean {
  return outcome.providers.some(({ record }) => isOf(record.publicKey, provided));
}

function isOf(publicKey: Uint8Array, { provider }: ProvidedKey): boolean {
  return equalBytes(publicKey, provider.identity.publicKey);
}
