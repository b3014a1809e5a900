import { arcBits, arcOf, leaderOf } from '../../../node/core/one-hop-ring/arcs.ts';
import {
  accusationBytes,
  type Accusation,
  type Witness,
} from '../../../node/core/one-hop-ring/membership-event.ts';
import type { RingEntry } from '../../../node/core/one-hop-ring/ring-table.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import type { NodeBehaviour, Parcel } from '../engine/node-behaviour.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import { NETWORK } from '../engine/simulated-machine.ts';
import type { Simulation } from '../engine/simulation.ts';

/** Hostile messages have numbers of their own, far from those of the machine. */
const FIRST_REQUEST_ID = 0xe000_0000;
/** Accused at once on the wire, one after another. */
const MAX_WAITING = 16;

/** Failures of live members, announced under the good signatures of two hostile members who collude. */
export class Collusion {
  /** Accusations sent so far. */
  count = 0;
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #waiting = new Map<SimulatedNode, Accusation[]>();
  #requestId = FIRST_REQUEST_ID;

  constructor(simulation: Simulation, random: Random) {
    this.#simulation = simulation;
    this.#random = random;
  }

  /** The accusation leaves with the node's next message: a hostile node's machine is as it is. */
  accuse(accuser: SimulatedNode, partner: SimulatedNode, victim: SimulatedNode): void {
    const held = accuser.table.find(victim.identity.nid);
    if (held === undefined || held.state === 'failed' || held.state === 'left') return;
    const claim = { kind: 'failed', nid: held.nid, incarnation: held.incarnation } as const;
    const bytes = accusationBytes(NETWORK, claim);
    const witnesses = [accuser, partner].map(({ identity }): Witness => {
      const { nid, publicKey } = identity;
      return { nid, publicKey, signature: this.#simulation.signatures.sign(publicKey, bytes) };
    });
    const waiting = this.#waiting.get(accuser) ?? [];
    if (waiting.length >= MAX_WAITING) return;
    waiting.push({ ...claim, witnesses });
    this.#waiting.set(accuser, waiting);
  }

  /** Sends what waits, as if this node had found the failure: to the leader of the victim's arc or of any other. */
  behaviourOf(node: SimulatedNode): NodeBehaviour {
    return {
      send: (parcel) => {
        const accusation = this.#waiting.get(node)?.shift();
        const spread = accusation === undefined ? undefined : this.#spread(node, accusation);
        return spread === undefined ? [parcel] : [parcel, spread];
      },
    };
  }

  #spread(node: SimulatedNode, accusation: Accusation): Parcel | undefined {
    const leader = this.#someLeader(node, accusation);
    if (leader === undefined) return undefined;
    this.count += 1;
    this.#requestId += 1;
    const { nid } = node.identity;
    const message = {
      kind: 'spread',
      requestId: this.#requestId,
      interval: { from: nid, to: nid },
      events: [accusation],
    } as const;
    return { to: leader.record.publicKey, message, delayMs: 0 };
  }

  #someLeader(node: SimulatedNode, accusation: Accusation): RingEntry | undefined {
    const bits = arcBits(node.table.ringSize);
    const first = arcOf(accusation.nid, bits);
    for (let tries = 0; tries < 2 ** bits; tries++) {
      const leader = leaderOf(node.table, tries === 0 ? first : below(this.#random, 2 ** bits));
      // The victim itself would refute before anybody hears of it.
      if (
        leader !== undefined &&
        !isAt(leader, node) &&
        leader.nid.some((byte, i) => byte !== accusation.nid[i])
      )
        return leader;
    }
    return undefined;
  }
}

function isAt(entry: RingEntry, node: SimulatedNode): boolean {
  return entry.nid.every((byte, i) => byte === node.identity.nid[i]);
}
