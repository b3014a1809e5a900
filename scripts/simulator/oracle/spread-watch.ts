import type { MembershipEvent } from '../../../node/core/one-hop-ring/membership-event.ts';
import type { Observer } from '../engine/observer.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';

/** One event on its way through the ring. */
export interface WatchedSpread {
  readonly startMs: number;
  readonly origin: SimulatedNode;
  /** Live members when it began, the origin not counted. */
  readonly audience: readonly SimulatedNode[];
  /** Milliseconds from the start to each member that it reached. */
  readonly reachedMs: Map<SimulatedNode, number>;
  /** Messages on the way from the origin to each member. */
  readonly depths: Map<SimulatedNode, number>;
}

/** Follows new records of members through the ring: when each member learned them, and over how many messages. */
export class SpreadWatch implements Observer {
  readonly #simulation: Simulation;
  readonly #spreads = new Map<string, WatchedSpread>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    simulation.observers.push(this);
  }

  /** The member signs a new record, as if an address had changed, and announces it. */
  announce(origin: SimulatedNode): WatchedSpread {
    const { identity, machine, table } = origin;
    const incarnation = (table.find(identity.nid)?.incarnation ?? 0) + 1;
    const audience = this.#simulation.live.inOrder.filter((node) => node !== origin);
    const spread: WatchedSpread = {
      startMs: this.#simulation.nowMs,
      origin,
      audience,
      reachedMs: new Map(),
      depths: new Map([[origin, 0]]),
    };
    this.#spreads.set(nameOf(machine.nid, incarnation), spread);
    const { addresses, providerAddresses } = identity;
    this.#simulation.act(origin, { type: 'addresses', addresses, providerAddresses });
    return spread;
  }

  onMembership(node: SimulatedNode, event: MembershipEvent, by: SimulatedNode | undefined): void {
    if (event.kind !== 'record' || this.#spreads.size === 0) return;
    const identity = this.#simulation.registry.byKey(event.record.publicKey);
    if (identity === undefined) return;
    const spread = this.#spreads.get(nameOf(identity.nid, event.record.incarnation));
    if (spread === undefined || spread.reachedMs.has(node)) return;
    spread.reachedMs.set(node, this.#simulation.nowMs - spread.startMs);
    spread.depths.set(node, (by === undefined ? 0 : (spread.depths.get(by) ?? 0)) + 1);
  }
}

/** Has every member of the audience that still lives been reached? */
export function isComplete(spread: WatchedSpread): boolean {
  return spread.audience.every((node) => spread.reachedMs.has(node) || Number.isFinite(node.endedMs));
}

function nameOf(nid: Uint8Array, incarnation: number): string {
  return `${nid.join()} ${incarnation}`;
}
