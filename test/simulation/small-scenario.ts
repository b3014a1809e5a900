import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';
import { Simulation } from '../../scripts/simulator/engine/simulation.ts';
import type { Scenario, ScenarioReport } from '../../scripts/simulator/scenarios/scenario.ts';

interface SmallRun {
  readonly nodes: number;
  readonly seed?: number;
  /** The scenario's own options that differ from their defaults. */
  readonly values?: Readonly<Record<string, number | string>>;
}

/** Runs a scenario as the command line would, round trips of 100 ms, without any output. */
export function runSmall(
  scenario: Scenario,
  { nodes, seed = 1, values = {} }: SmallRun,
): Promise<ScenarioReport> {
  const network = new ConstantDelay(100);
  const defaults = scenario.options.map((option) => [nameOf(option.flags), option.default] as const);
  return scenario.run({
    nodes,
    seed,
    network,
    timing: {},
    values: { ...Object.fromEntries(defaults), ...values },
    simulation: (changed) => new Simulation({ seed, network, ...changed }),
    say: () => undefined,
  });
}

/** `--one-way <share>` is `oneWay`. */
function nameOf(flags: string): string {
  const long = /--([a-z-]+)/.exec(flags)?.[1] ?? flags;
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
