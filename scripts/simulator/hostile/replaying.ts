import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import type { NodeBehaviour } from '../engine/node-behaviour.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';

/** Messages remembered for replaying. */
const MAX_REMEMBERED = 256;
/** What is worth repeating: whatever carries signed claims. */
const CARRIERS: readonly RingMessage['kind'][] = ['spread', 'store', 'join-request', 'leave-request'];

/** One repetition with each of these, which are sent at a steady rate. */
const PACE: RingMessage['kind'] = 'ping';

/** Repeats what it once received, as it was and to anybody, again and again. */
export class Replaying {
  /** Messages repeated so far. */
  count = 0;
  readonly #simulation: Simulation;
  readonly #random: Random;
  /** Shared by all who replay: what one has seen, all can repeat. */
  readonly #remembered: RingMessage[] = [];

  constructor(simulation: Simulation, random: Random) {
    this.#simulation = simulation;
    this.#random = random;
  }

  behaviourOf(node: SimulatedNode): NodeBehaviour {
    return {
      receive: (delivery) => {
        if (CARRIERS.includes(delivery.message.kind)) this.#remember(delivery.message);
        return [delivery];
      },
      send: (parcel) => {
        if (parcel.message.kind !== PACE) return [parcel];
        const old = this.#remembered[below(this.#random, this.#remembered.length)];
        const { live } = this.#simulation;
        if (old === undefined || live.size === 0) return [parcel];
        const receiver = live.random(this.#random);
        if (receiver === node) return [parcel];
        this.count += 1;
        return [parcel, { to: receiver.identity.publicKey, message: old, delayMs: 0 }];
      },
    };
  }

  #remember(message: RingMessage): void {
    if (this.#remembered.length < MAX_REMEMBERED) this.#remembered.push(message);
    else this.#remembered[below(this.#random, MAX_REMEMBERED)] = message;
  }
}
