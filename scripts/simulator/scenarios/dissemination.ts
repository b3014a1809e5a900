import { below } from '../../measuring/random-streams.ts';
import { percentile, rising } from '../../measuring/percentile.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { START_MS } from '../engine/simulation.ts';
import { isComplete, SpreadWatch, type WatchedSpread } from '../oracle/spread-watch.ts';
import { rounded } from '../output/rounded.ts';
import { TimeSeries } from '../output/time-series.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

/** The ring runs so long before the first event: every node has kept its neighbours alive once. */
const WARM_UP_MS = 3_000;
/** Between two events of a healthy ring, longer than an event takes. */
const SPACING_MS = 1_500;
/** An event that has not reached everybody after this is incomplete. */
const LIMIT_MS = 20_000;

/**
 * How fast one event reaches everybody (RING.md, numbers): a member announces a new record; healthy, or right after a
 * share of all nodes died at one instant, before anybody noticed.
 */
export const dissemination: Scenario = {
  name: 'ring-dissemination',
  summary: 'how fast, and over how many messages, an event reaches every member',
  defaultNodes: 10_000,
  options: [
    {
      flags: '--dead <share>',
      description: 'nodes that die at one instant before the events',
      default: 0,
      min: 0,
      max: 0.9,
    },
    {
      flags: '--announcements <count>',
      description: 'events, of different members',
      default: 8,
      min: 1,
      max: 1_000,
    },
    {
      flags: '--batch-delay <ms>',
      description: "the leaders' batching delay, which RING.md's numbers leave out",
      default: 0,
      min: 0,
      max: 10_000,
    },
  ],
  examples: [
    'npm run simulate -- ring-dissemination --nodes 10000 --seed 1 --json',
    'npm run simulate -- ring-dissemination --nodes 100000 --dead 0.3 --svg dissemination.svg',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const batchDelayMs = numberOf(input, 'batchDelay');
  const simulation = input.simulation({ timing: { ...input.timing, batchDelayMs } });
  simulation.bootstrap(input.nodes);
  input.say(`${input.nodes} nodes agree`);
  const series = new TimeSeries(simulation);
  await simulation.run(WARM_UP_MS);
  const dead = numberOf(input, 'dead');
  const spreads = await announceAll(simulation, { dead, count: numberOf(input, 'announcements') });
  const meanRttMs = meanRtt(simulation);
  const rtts = spreads.map((spread) => rising([...spread.reachedMs.values()].map((ms) => ms / meanRttMs)));
  const all = rising(rtts.flatMap((each) => [...each]));
  const depths = rising(spreads.flatMap((spread) => [...spread.depths.values()]));
  const missing = spreads.reduce((sum, spread) => sum + unreached(spread).length, 0);
  return {
    measured: {
      hops: percentile(depths, 1),
      hopsP50: percentile(depths, 0.5),
      disseminationRttP50: rounded(percentile(all, 0.5)),
      disseminationRttP99: rounded(percentile(all, 0.99)),
      disseminationRttMax: rounded(percentile(all, 1)),
      reachedAlive: rounded(all.length / (all.length + missing), 6),
      deadShare: dead,
      announcements: spreads.length,
      batchDelayMs,
      meanRttMs: rounded(meanRttMs),
    },
    violations: spreads.flatMap((spread) => missed(spread)),
    series,
    distributions: [{ title: 'an event reaches members', unit: 'RTT', values: all, missing }],
  };
}

/** With dead nodes all events at once, before anybody notices; else one after another. */
async function announceAll(
  simulation: Simulation,
  { dead, count }: { readonly dead: number; readonly count: number },
): Promise<WatchedSpread[]> {
  const random = simulation.streams.stream('dissemination');
  const watch = new SpreadWatch(simulation);
  const victims = simulation.live.sample(random, Math.floor(dead * simulation.live.size));
  for (const victim of victims) simulation.crash(victim);
  const origins = simulation.live.sample(random, Math.min(count, simulation.live.size));
  const spreads: WatchedSpread[] = [];
  origins.forEach((origin, i) => {
    const afterMs = dead > 0 ? below(random, 50) : i * SPACING_MS;
    simulation.at(simulation.nowMs + afterMs, () => spreads.push(watch.announce(origin)));
  });
  const allDone = (): boolean =>
    spreads.length === origins.length && spreads.every((each) => isComplete(each));
  // Every 50 ms: looking at each event would cost more than the simulation.
  const endMs = simulation.nowMs + LIMIT_MS + (dead > 0 ? 0 : origins.length * SPACING_MS);
  while (simulation.nowMs < endMs && !allDone()) await simulation.run(50);
  return spreads;
}

function unreached(spread: WatchedSpread): SimulatedNode[] {
  return spread.audience.filter((node) => !spread.reachedMs.has(node) && Number.isNaN(node.endedMs));
}

function missed(spread: WatchedSpread): Violation[] {
  return unreached(spread).map((node) => ({
    invariant: 'every live member is reached',
    atMs: spread.startMs - START_MS,
    node: node.index,
    detail: `the event of node ${spread.origin.index} did not come within ${LIMIT_MS} ms`,
  }));
}

/** Mean round trip between members: the unit of the numbers. */
function meanRtt(simulation: Simulation): number {
  const random = simulation.streams.stream('mean round trip');
  const pairs = 2_000;
  let sum = 0;
  for (let i = 0; i < pairs; i++) {
    const [a, b] = [simulation.live.random(random), simulation.live.random(random)];
    sum += simulation.network.rttMs(a.identity.place, b.identity.place) + simulation.network.jitterMs;
  }
  return sum / pairs;
}
