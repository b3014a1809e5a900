import type { MembershipEvent } from '../../../node/core/one-hop-ring/membership-event.ts';
import type { Observer } from '../engine/observer.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import { START_MS, type Simulation } from '../engine/simulation.ts';
import { Histogram } from '../output/histogram.ts';
import type { Violation } from '../scenarios/scenario.ts';

const BIN_MS = 10;

/** How soon failures are declared and known, and whether anybody is declared failed who runs. */
export class FailureWatch implements Observer {
  /** From each crash to its first declaration anywhere, in milliseconds. */
  readonly detectionsMs: number[] = [];
  /** From each crash to each member's table. */
  readonly removals = new Histogram(BIN_MS);
  /** One for each run and incarnation that was believed failed while it ran. */
  readonly falseFailures: Violation[] = [];
  readonly #simulation: Simulation;
  readonly #isExcused: (subject: SimulatedNode, by: SimulatedNode) => boolean;
  readonly #crashed = new Set<SimulatedNode>();
  readonly #declared = new Set<SimulatedNode>();
  readonly #accused = new Set<string>();

  /** @param isExcused failures that are right to declare although the subject runs: across a split, for example */
  constructor(
    simulation: Simulation,
    isExcused: (subject: SimulatedNode, by: SimulatedNode) => boolean = () => false,
  ) {
    this.#simulation = simulation;
    this.#isExcused = isExcused;
    simulation.observers.push(this);
  }

  /** Crashes that nobody has declared yet. */
  get undetected(): SimulatedNode[] {
    return [...this.#crashed].filter((node) => !this.#declared.has(node));
  }

  onCrashed(node: SimulatedNode): void {
    this.#crashed.add(node);
  }

  onMembership(node: SimulatedNode, event: MembershipEvent): void {
    if (event.kind !== 'failed') return;
    const subject = this.#simulation.nodeAt(event.nid);
    // An earlier run of an edge that has started again.
    if (subject === undefined || event.incarnation * 1_000 < subject.startedMs - 1_000) return;
    if (isRunning(subject)) {
      this.#falselyAccused(subject, node, event.incarnation);
      return;
    }
    if (subject.phase !== 'crashed') return;
    const sinceMs = this.#simulation.nowMs - subject.endedMs;
    // Who joined since has learned it with the snapshot.
    if (node.joinedMs < subject.endedMs) this.removals.add(sinceMs);
    if (this.#declared.has(subject)) return;
    this.#declared.add(subject);
    this.detectionsMs.push(sinceMs);
  }

  #falselyAccused(subject: SimulatedNode, by: SimulatedNode, incarnation: number): void {
    const name = `${subject.index} ${incarnation}`;
    if (this.#accused.has(name) || this.#isExcused(subject, by)) return;
    this.#accused.add(name);
    this.falseFailures.push({
      invariant: 'no running node is believed failed',
      atMs: this.#simulation.nowMs - START_MS,
      node: subject.index,
      detail: `node ${by.index} believes it at incarnation ${incarnation}`,
    });
  }
}
