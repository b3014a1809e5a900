import type { MembershipEvent } from '../../../node/core/one-hop-ring/membership-event.ts';
import type { Observer } from '../engine/observer.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';

/** How long live members are missing from the tables of others who took them for failed. */
export class AbsenceWatch implements Observer {
  /** Of each member from each table, when it was over: milliseconds. */
  readonly absencesMs: number[] = [];
  /** Members that were missing anywhere. */
  readonly victims = new Set<SimulatedNode>();
  readonly #simulation: Simulation;
  readonly #counts: (node: SimulatedNode) => boolean;
  readonly #since = new Map<SimulatedNode, Map<SimulatedNode, number>>();

  /** @param counts whose tables are looked at, and whose absence matters: honest members */
  constructor(simulation: Simulation, counts: (node: SimulatedNode) => boolean) {
    this.#simulation = simulation;
    this.#counts = counts;
    simulation.observers.push(this);
  }

  onMembership(node: SimulatedNode, event: MembershipEvent): void {
    if (!this.#counts(node)) return;
    const nid = event.kind === 'record' ? event.record.nid : event.nid;
    const subject = this.#simulation.nodeAt(nid);
    if (subject === undefined || !isRunning(subject) || !this.#counts(subject)) return;
    const { nowMs } = this.#simulation;
    let since = this.#since.get(subject);
    if (event.kind === 'failed') {
      if (since === undefined) this.#since.set(subject, (since = new Map<SimulatedNode, number>()));
      since.set(node, since.get(node) ?? nowMs);
      this.victims.add(subject);
    } else if (event.kind === 'record') {
      const beganMs = since?.get(node);
      if (beganMs === undefined) return;
      since?.delete(node);
      this.absencesMs.push(nowMs - beganMs);
    }
  }

  /** Of members from tables in which they are still missing: milliseconds so far. */
  get lastingMs(): number[] {
    const lasting: number[] = [];
    for (const since of this.#since.values()) {
      for (const beganMs of since.values()) lasting.push(this.#simulation.nowMs - beganMs);
    }
    return lasting;
  }
}
