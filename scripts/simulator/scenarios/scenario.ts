import type { RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import type { Simulation, SimulationOptions } from '../engine/simulation.ts';
import type { NetworkModel } from '../networks/network-model.ts';
import type { TimeSeries } from '../output/time-series.ts';

/** One option of a scenario on the command line; all of them are numbers or one of a few words. */
export interface ScenarioOption {
  /** As commander wants it: `--dead <share>`. */
  readonly flags: string;
  readonly description: string;
  readonly default: number | string;
  /** Bounds of a number. */
  readonly min?: number;
  readonly max?: number;
  /** The words allowed, if it is no number. */
  readonly choices?: readonly string[];
}

/** What every scenario is given. */
export interface ScenarioInput {
  readonly nodes: number;
  readonly seed: number;
  readonly network: NetworkModel;
  readonly timing: Partial<RingTiming>;
  /** The scenario's own options, by name in camel case. */
  readonly values: Readonly<Record<string, number | string>>;
  /** A simulation with the common options; a scenario may change some. */
  simulation(changed?: Partial<SimulationOptions>): Simulation;
  /** Aborted when the person who waits gives up; `Simulation.run` heeds it by itself. */
  readonly signal?: AbortSignal;
  /** One line for the person who waits. */
  say(text: string): void;
}

/** Something that must not happen, with when and where. */
export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  /** -1 if it belongs to no single node. */
  readonly node: number;
  readonly detail: string;
}

/** A cumulative distribution for the plot. */
export interface Distribution {
  readonly title: string;
  readonly unit: string;
  /** Rising. */
  readonly values: Float64Array;
  /** Values that never came (members not reached): the curve ends below 1. */
  readonly missing: number;
}

/** One line of a table in a report: what it is about under `name`, then what was found, in the order to print. */
export type ReportRow = Readonly<{ name: string } & Record<string, string | number | readonly string[]>>;

/** What a scenario found. */
export interface ScenarioReport {
  /** Measured fields, in the order in which they are printed. A field that was not measured is left out. */
  readonly measured: Readonly<Record<string, number | string | Readonly<Record<string, number>>>>;
  readonly violations: readonly Violation[];
  /** Tables by name, if it has any. */
  readonly tables?: Readonly<Record<string, readonly ReportRow[]>>;
  readonly series?: TimeSeries;
  readonly distributions?: readonly Distribution[];
}

/** A file of `scenarios/`, listed in `all-scenarios.ts`. */
export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly defaultNodes: number;
  readonly options: readonly ScenarioOption[];
  readonly examples: readonly string[];
  run(input: ScenarioInput): Promise<ScenarioReport>;
}

/** A numeric option of the scenario. */
export function numberOf(input: Pick<ScenarioInput, 'values'>, name: string): number {
  return Number(input.values[name]);
}
