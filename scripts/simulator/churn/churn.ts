import type { Random } from '../../measuring/random-streams.ts';
import type { Observer } from '../engine/observer.ts';
import { isRunning, type SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import type { SessionLengths } from './session-lengths.ts';

/** A joining node that is no member after this is given up and replaced. */
const JOIN_LIMIT_MS = 60_000;

/** Sessions end and new nodes come in their place, so the ring keeps its size. */
export class Churn implements Observer {
  joins = 0;
  crashes = 0;
  leaves = 0;
  failedJoins = 0;
  /** From start to membership of each join, in milliseconds. */
  readonly joinsMs: number[] = [];
  readonly #simulation: Simulation;
  readonly #lengths: SessionLengths;
  readonly #leaveShare: number;
  readonly #random: Random;
  #isRunning = true;

  /** Every present member is in the middle of a session. @param leaveShare sessions that end by a planned leave */
  constructor(simulation: Simulation, lengths: SessionLengths, leaveShare: number) {
    this.#simulation = simulation;
    this.#lengths = lengths;
    this.#leaveShare = leaveShare;
    this.#random = simulation.streams.stream('sessions');
    simulation.observers.push(this);
    for (const node of simulation.live.inOrder) this.#endAfter(node, lengths.rest(this.#random));
  }

  /** From now on nobody comes or goes. */
  stop(): void {
    this.#isRunning = false;
  }

  onJoined(node: SimulatedNode): void {
    this.joinsMs.push(this.#simulation.nowMs - node.startedMs);
  }

  #endAfter(node: SimulatedNode, durationMs: number): void {
    this.#simulation.at(this.#simulation.nowMs + durationMs, () => this.#end(node));
  }

  #end(node: SimulatedNode): void {
    if (!this.#isRunning || !isRunning(node)) return;
    if (node.phase === 'member' && this.#random() < this.#leaveShare) {
      this.leaves += 1;
      this.#simulation.leave(node);
    } else {
      this.crashes += 1;
      this.#simulation.crash(node);
    }
    this.#replace();
  }

  #replace(): void {
    this.joins += 1;
    const node = this.#simulation.join();
    this.#endAfter(node, this.#lengths.whole(this.#random));
    this.#simulation.at(this.#simulation.nowMs + JOIN_LIMIT_MS, () => {
      if (node.phase !== 'joining') return;
      this.failedJoins += 1;
      this.#simulation.crash(node);
      if (this.#isRunning) this.#replace();
    });
  }
}
