import { exponential } from '../../measuring/random-streams.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { checkDetectionTimes, detectionFigures } from '../oracle/detection-figures.ts';
import { FailureWatch } from '../oracle/failure-watch.ts';
import { LimitCheck } from '../oracle/limit-check.ts';
import { rounded } from '../output/rounded.ts';
import { shareOfRightTables, TimeSeries } from '../output/time-series.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

const WARM_UP_MS = 3_000;
/** After the last stall and death: time to find the dead and to repair. */
const AFTERMATH_MS = 20_000;

/** Some nodes stop for seconds again and again, while others really die: nobody who lives may be taken for dead. */
export const stalls: Scenario = {
  name: 'ring-stalls',
  summary: 'nodes that stop for some seconds are not taken for dead, and real deaths are still found in time',
  defaultNodes: 1_000,
  options: [
    { flags: '--duration <s>', description: 'virtual seconds of stalls', default: 1_000, min: 1, max: 1e6 },
    { flags: '--stalling <share>', description: 'nodes that stall', default: 0.05, min: 0, max: 1 },
    { flags: '--stall <s>', description: 'length of a stall', default: 5, min: 0.1, max: 600 },
    {
      flags: '--pause <s>',
      description: 'mean time that a stalling node runs between two stalls',
      default: 20,
      min: 0.1,
      max: 1e6,
    },
    {
      flags: '--deaths <count>',
      description: 'nodes that really die meanwhile, one after another',
      default: 50,
      min: 0,
      max: 1e5,
    },
  ],
  examples: [
    'npm run simulate -- ring-stalls --seed 1 --json',
    'npm run simulate -- ring-stalls --nodes 200 --duration 300 --stall 10 --stalling 0.1',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const simulation = input.simulation();
  simulation.bootstrap(input.nodes);
  const series = new TimeSeries(simulation);
  const watch = new FailureWatch(simulation);
  await simulation.run(WARM_UP_MS);
  const random = simulation.streams.stream('stalling nodes');
  const chosen = simulation.live.sample(random, Math.round(numberOf(input, 'stalling') * input.nodes));
  const durationMs = numberOf(input, 'duration') * 1_000;
  const startMs = simulation.nowMs;
  const stalling = new Stalling(simulation, {
    stallMs: numberOf(input, 'stall') * 1_000,
    pauseMs: numberOf(input, 'pause') * 1_000,
    untilMs: startMs + durationMs,
  });
  for (const node of chosen) stalling.begin(node);
  const deaths = Math.min(numberOf(input, 'deaths'), Math.floor(0.5 * input.nodes));
  scheduleDeaths(simulation, new Set(chosen), { count: deaths, durationMs });
  await simulation.run(durationMs);
  const nodeSeconds = (input.nodes * (simulation.nowMs - startMs)) / 1_000;
  await simulation.run(AFTERMATH_MS);
  const measured = {
    nodeSeconds,
    stallingNodes: chosen.length,
    stalls: stalling.count,
    deaths: watch.detectionsMs.length + watch.undetected.length,
    ...detectionFigures(watch),
    tablesRight: rounded(shareOfRightTables(simulation), 6),
    suspicions: sumOf(simulation, (node) => node.machine.counters.suspicions),
    refutations: sumOf(simulation, (node) => node.machine.counters.refutations),
  };
  return {
    measured,
    violations: [...watch.falseFailures, ...judge(new LimitCheck(simulation, measured), measured.deaths)],
    series,
  };
}

interface Rhythm {
  readonly stallMs: number;
  /** Mean; exponentially distributed. */
  readonly pauseMs: number;
  readonly untilMs: number;
}

/** Nodes that stop now and then, each in its own random rhythm. */
class Stalling {
  /** Stalls begun so far. */
  count = 0;
  readonly #simulation: Simulation;
  readonly #rhythm: Rhythm;

  constructor(simulation: Simulation, rhythm: Rhythm) {
    this.#simulation = simulation;
    this.#rhythm = rhythm;
  }

  begin(node: SimulatedNode): void {
    const { stallMs, pauseMs, untilMs } = this.#rhythm;
    const random = this.#simulation.streams.stream(`stalls of node ${node.index}`);
    const next = (fromMs: number): void => {
      const atMs = fromMs + exponential(random, pauseMs);
      if (atMs + stallMs > untilMs) return;
      this.#simulation.at(atMs, () => {
        this.count += 1;
        this.#simulation.stall(node, stallMs);
        next(atMs + stallMs);
      });
    };
    next(this.#simulation.nowMs);
  }
}

/** Nodes that never stall die one after another, evenly spread over the time. */
function scheduleDeaths(
  simulation: Simulation,
  stalling: ReadonlySet<SimulatedNode>,
  { count, durationMs }: { readonly count: number; readonly durationMs: number },
): void {
  const random = simulation.streams.stream('deaths');
  const mortal = simulation.live.sample(random, simulation.live.size).filter((node) => !stalling.has(node));
  mortal.slice(0, count).forEach((node, i) => {
    simulation.at(simulation.nowMs + ((i + random()) / count) * durationMs, () => simulation.crash(node));
  });
}

function sumOf(simulation: Simulation, of: (node: SimulatedNode) => number): number {
  return simulation.live.inOrder.reduce((sum, node) => sum + of(node), 0);
}

function judge(check: LimitCheck, deaths: number): Violation[] {
  if (deaths > 0) checkDetectionTimes(check);
  check.atMost('undetected', 0, 'every death is found');
  check.equal('tablesRight', 1, 'all tables are true in the end');
  return check.violations;
}
