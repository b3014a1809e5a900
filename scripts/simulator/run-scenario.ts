import { Simulation } from './engine/simulation.ts';
import { ConstantDelay } from './networks/constant-delay.ts';
import { readDelayMatrix } from './networks/delay-matrix.ts';
import { GeographicDelay } from './networks/geographic-delay.ts';
import type { NetworkModel } from './networks/network-model.ts';
import type { SimulateOptions } from './options.ts';
import type { Progress } from './output/progress.ts';
import type { ScenarioReport } from './scenarios/scenario.ts';

/** Runs the chosen scenario once. @throws SimulatorError */
export async function runScenario(
  options: Omit<SimulateOptions, 'json' | 'csv' | 'svg'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<ScenarioReport> {
  const network = networkOf(options);
  progress.say(`${options.scenario.name}: seed ${options.seed}, ${network.description}`);
  const { nodes, seed, exactProbes, refusals, values, lossRate } = options;
  return options.scenario.run({
    nodes,
    seed,
    network,
    timing: {},
    values,
    signal,
    say: (text) => progress.say(text),
    simulation: (changed) => {
      const simulation = new Simulation({
        seed,
        network,
        exactProbes,
        refusals,
        signal,
        onSlice: (running) => progress.tick(running),
        ...changed,
      });
      simulation.faults.lossRate = lossRate;
      return simulation;
    },
  });
}

/** @throws SimulatorError DELAYS_UNREADABLE, DELAYS_INVALID */
function networkOf(
  options: Pick<SimulateOptions, 'network' | 'rttMs' | 'jitterMs' | 'delays'>,
): NetworkModel {
  const { delays, jitterMs } = options;
  if (delays !== undefined) return readDelayMatrix(delays, jitterMs);
  if (options.network === 'geographic') return new GeographicDelay(jitterMs);
  return new ConstantDelay(options.rttMs, jitterMs);
}
