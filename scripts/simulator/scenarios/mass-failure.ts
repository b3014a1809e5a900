import type { SimulatedNode } from '../engine/simulated-node.ts';
import { START_MS, type Simulation } from '../engine/simulation.ts';
import { checkDetectionTimes, detectionFigures } from '../oracle/detection-figures.ts';
import { FailureWatch } from '../oracle/failure-watch.ts';
import { LimitCheck } from '../oracle/limit-check.ts';
import { LookupLoad, shareRight, type ObservedLookup } from '../oracle/lookup-load.ts';
import { ProvidedKeys } from '../oracle/provided-keys.ts';
import { checkRecovery, watchRecovery } from '../oracle/recovery-watch.ts';
import { rounded } from '../output/rounded.ts';
import { TimeSeries } from '../output/time-series.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

/** The index is placed and quiet before the deaths. */
const WARM_UP_MS = 5_000;
/** The measured time after the deaths. */
const AFTERMATH_MS = 40_000;
/** Lookups that begin within this time after the deaths are those "right immediately". */
const IMMEDIATELY_MS = 5_000;
/** Longest life of a lookup. */
const LAST_ANSWERS_MS = 5_000;

/** RING.md, numbers: 30 % killed at once. */
const MEANT_DEAD_SHARE = 0.3;
const MIN_RIGHT_SHARE = 0.997;

/** Many nodes die at one instant, anywhere or side by side: what lookups find, and how soon all is whole again. */
export const massFailure: Scenario = {
  name: 'ring-mass-failure',
  summary: 'a share of all nodes, or a whole arc, dies at one instant: lookups, tables and replicas after it',
  defaultNodes: 1_000,
  options: [
    { flags: '--dead <share>', description: 'nodes that die', default: 0.3, min: 0, max: 0.9 },
    {
      flags: '--victims <where>',
      description: 'anywhere on the ring, or side by side: then whole replica sets die',
      default: 'anywhere',
      choices: ['anywhere', 'arc'],
    },
    {
      flags: '--keys <count>',
      description: 'keys provided by nodes that live on',
      default: 10_000,
      min: 1,
      max: 1e6,
    },
    {
      flags: '--lookups <rate>',
      description: 'lookups each second after the deaths',
      default: 2_000,
      min: 1,
      max: 1e5,
    },
  ],
  examples: [
    'npm run simulate -- ring-mass-failure --seed 1 --json',
    'npm run simulate -- ring-mass-failure --nodes 10000 --keys 5000 --lookups 1000',
    'npm run simulate -- ring-mass-failure --victims arc --dead 0.0625',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const simulation = input.simulation();
  simulation.bootstrap(input.nodes);
  const series = new TimeSeries(simulation);
  const watch = new FailureWatch(simulation);
  const victims = chooseVictims(simulation, input);
  const doomed = new Set(victims);
  const survivors = simulation.live.inOrder.filter((node) => !doomed.has(node));
  const provided = new ProvidedKeys(simulation, simulation.streams.stream('keys'));
  provided.provide(numberOf(input, 'keys'), survivors);
  await simulation.run(WARM_UP_MS);
  const unplaced = provided.underReplicated().length;

  for (const victim of victims) simulation.crash(victim);
  const diedMs = simulation.nowMs;
  const orphaned = provided.all.filter((each) => provided.holdersOf(each).length === 0);
  input.say(`${victims.length} nodes died; ${orphaned.length} keys lost all their holders at once`);
  const lookups: ObservedLookup[] = [];
  const load = new LookupLoad(simulation, {
    random: simulation.streams.stream('lookups'),
    keys: provided.all,
    perSecond: numberOf(input, 'lookups'),
    holdersOf: (each) => provided.holdersOf(each).length,
    onFinished: (each) => lookups.push(each),
  });
  const recovery = await watchRecovery(simulation, provided, AFTERMATH_MS);
  load.stop();
  await simulation.run(LAST_ANSWERS_MS);
  const immediate = lookups.filter(({ startMs }) => startMs - diedMs < IMMEDIATELY_MS);
  const lookupsRightShare = shareRight(immediate);
  const measured = {
    deadShare: numberOf(input, 'dead'),
    dead: victims.length,
    ...recovery,
    lookups: immediate.length,
    lookupsRightShare: rounded(lookupsRightShare, 6),
    lookupsRightOfHeldShare: rounded(shareRight(immediate.filter(({ holders }) => holders > 0)), 6),
    lookupsRightLaterShare: rounded(shareRight(lookups.filter((each) => !immediate.includes(each))), 6),
    keys: provided.all.length,
    keysWithoutHolder: orphaned.length,
    lostRecords: provided.lost().length,
    ...detectionFigures(watch),
  };
  const violations = [
    ...judge(new LimitCheck(simulation, measured), input),
    ...watch.falseFailures,
    ...placed(unplaced, diedMs - START_MS),
  ];
  return { measured, violations, series };
}

function chooseVictims(simulation: Simulation, input: ScenarioInput): SimulatedNode[] {
  const random = simulation.streams.stream('victims');
  const count = Math.floor(numberOf(input, 'dead') * simulation.live.size);
  if (input.values['victims'] !== 'arc') return simulation.live.sample(random, count);
  return simulation.live.successors(simulation.live.random(random).identity.nid, count);
}

/** RING.md's numbers are for 30 % anywhere: an arc, or more, takes all holders of many keys, and watchers with them. */
function judge(check: LimitCheck, input: ScenarioInput): Violation[] {
  checkRecovery(check);
  check.atLeast(
    'lookupsRightOfHeldShare',
    MIN_RIGHT_SHARE,
    'lookups of keys that somebody holds are right at once',
  );
  check.atMost('undetected', 0, 'every death is found');
  if (input.values['victims'] === 'arc' || numberOf(input, 'dead') > MEANT_DEAD_SHARE)
    return check.violations;
  check.atLeast('lookupsRightShare', MIN_RIGHT_SHARE, 'lookups are right at once');
  if (numberOf(input, 'dead') > 0) checkDetectionTimes(check);
  return check.violations;
}

function placed(unplaced: number, atMs: number): Violation[] {
  if (unplaced === 0) return [];
  const detail = `${unplaced} keys were not on five holders before anybody died`;
  return [{ invariant: 'the index is placed at the start', atMs, node: -1, detail }];
}
