import type { Scenario, ScenarioReport } from '../../scripts/simulator/scenarios/scenario.ts';
import { scenarioInput, type SmallRun } from './scenario-input.ts';

/** Runs a scenario as the command line would, round trips of 100 ms, without any output. */
export async function runSmall(scenario: Scenario, run: SmallRun): Promise<ScenarioReport> {
  return scenario.run(scenarioInput(scenario, run));
}
