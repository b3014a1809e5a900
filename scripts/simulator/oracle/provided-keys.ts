import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { REPLICAS, RING_ID_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { LookupOutcome } from '../../../node/core/one-hop-ring/ring-ports.ts';
import type { Random } from '../engine/random-streams.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import { randomBytes } from '../engine/simulated-registry.ts';
import type { Simulation } from '../engine/simulation.ts';

/** A record may lie this many places behind its owner: former holders are asked too before it counts as lost. */
const SEARCHED_SUCCESSORS = 4 * REPLICAS;

/** A key and the node that provides it. */
export interface ProvidedKey {
  readonly key: RingId;
  readonly provider: SimulatedNode;
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

  /** Each of so many new random keys is provided by one of these nodes, in turn. @returns the new ones */
  provide(count: number, providers: readonly SimulatedNode[]): ProvidedKey[] {
    const added: ProvidedKey[] = [];
    for (let i = 0; i < count; i++) {
      const provider = providers[i % providers.length];
      if (provider === undefined) break;
      const key = randomBytes(this.#random, RING_ID_BYTES);
      added.push({ key, provider });
      this.#simulation.act(provider, { type: 'provide', key });
    }
    this.all.push(...added);
    return added;
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
}

/** Does the answer name the provider? */
export function isRight(outcome: LookupOutcome, provided: ProvidedKey): boolean {
  return outcome.providers.some(({ record }) => isOf(record.publicKey, provided));
}

function isOf(publicKey: Uint8Array, { provider }: ProvidedKey): boolean {
  return equalBytes(publicKey, provider.identity.publicKey);
}
