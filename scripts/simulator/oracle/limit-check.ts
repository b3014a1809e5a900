import { START_MS, type Simulation } from '../engine/simulation.ts';
import type { Violation } from '../scenarios/scenario.ts';

/** Measured figures held against their limits; what breaks one becomes a violation. A figure that is missing breaks it. */
export class LimitCheck {
  readonly violations: Violation[] = [];
  readonly #measured: Readonly<Record<string, number | string>>;
  readonly #atMs: number;

  /** The violations are dated now. */
  constructor(simulation: Simulation, measured: Readonly<Record<string, number | string>>) {
    this.#measured = measured;
    this.#atMs = simulation.nowMs - START_MS;
  }

  atMost(name: string, most: number, invariant: string): void {
    this.#must(this.#figure(name) <= most, name, `at most ${most}`, invariant);
  }

  atLeast(name: string, least: number, invariant: string): void {
    this.#must(this.#figure(name) >= least, name, `at least ${least}`, invariant);
  }

  equal(name: string, wanted: number, invariant: string): void {
    this.#must(this.#figure(name) === wanted, name, String(wanted), invariant);
  }

  #figure(name: string): number {
    return Number(this.#measured[name] ?? Number.NaN);
  }

  #must(holds: boolean, name: string, limit: string, invariant: string): void {
    if (holds) return;
    const detail = `${name} is ${this.#measured[name]}, not ${limit}`;
    this.violations.push({ invariant, atMs: this.#atMs, node: -1, detail });
  }
}
