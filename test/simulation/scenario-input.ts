import { Simulation, type SimulationOptions } from '../../scripts/simulator/engine/simulation.ts';
import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';
import type { NetworkModel } from '../../scripts/simulator/networks/network-model.ts';
import type { Scenario, ScenarioInput } from '../../scripts/simulator/scenarios/scenario.ts';

/** Input of a small run: the scenario's defaults but for what is given. */
export function scenarioInput(
  scenario: Scenario,
  { nodes, seed = 1, network = new ConstantDelay(100), values = {}, ...common }: SmallRun,
): ScenarioInput {
  const defaults = Object.fromEntries(
    scenario.options.map((option) => [optionName(option.flags), option.default]),
  );
  return {
    nodes,
    seed,
    network,
    timing: {},
    values: { ...defaults, ...values },
    say: () => undefined,
    simulation: (changed) => new Simulation({ seed, network, ...common, ...changed }),
  };
}

export interface SmallRun extends Partial<SimulationOptions> {
  readonly nodes: number;
  readonly network?: NetworkModel;
  readonly values?: Readonly<Record<string, number | string>>;
}

/** `--batch-delay <ms>` is `batchDelay`. */
function optionName(flags: string): string {
  const name = /^--([a-z-]+)/.exec(flags)?.[1] ?? flags;
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
