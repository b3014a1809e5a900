import { below } from '../../measuring/random-streams.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { FailureWatch } from '../oracle/failure-watch.ts';
import { LimitCheck } from '../oracle/limit-check.ts';
import { LookupLoad, shareRight, type ObservedLookup } from '../oracle/lookup-load.ts';
import { ProvidedKeys } from '../oracle/provided-keys.ts';
import { checkRecovery, LOOK_INTERVAL_MS, watchRecovery } from '../oracle/recovery-watch.ts';
import { rounded } from '../output/rounded.ts';
import { TimeSeries } from '../output/time-series.ts';
import { addMarks, NO_MARKS, positionMarks, type Marks } from '../tables/shared-entry.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

const WARM_UP_MS = 5_000;
/** After the split has healed. */
const AFTERMATH_MS = 60_000;
const LAST_ANSWERS_MS = 5_000;

/** The ring is cut in two for minutes, each side goes on alone, then the network is whole again. */
export const partition: Scenario = {
  name: 'ring-partition',
  summary: 'the network splits in two and heals: both rings become one, and no record is lost',
  defaultNodes: 500,
  options: [
    {
      flags: '--sides <how>',
      description: 'each node on a random side, or whole regions',
      default: 'random',
      choices: ['random', 'region'],
    },
    {
      flags: '--one-way <yes-no>',
      description: 'one side still hears the other, but is not heard',
      default: 'no',
      choices: ['yes', 'no'],
    },
    {
      flags: '--minutes <minutes>',
      description: 'virtual minutes until the split heals',
      default: 10,
      min: 0.1,
      max: 1e5,
    },
    {
      flags: '--keys <count>',
      description: 'keys provided before the split, and again as many during it',
      default: 1_000,
      min: 1,
      max: 1e6,
    },
    {
      flags: '--lookups <rate>',
      description: 'lookups each second after the split has healed',
      default: 200,
      min: 1,
      max: 1e5,
    },
  ],
  examples: [
    'npm run simulate -- ring-partition --seed 1 --json',
    'npm run simulate -- ring-partition --sides region --network geographic',
    'npm run simulate -- ring-partition --one-way yes --minutes 5',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const simulation = input.simulation();
  simulation.bootstrap(input.nodes);
  const series = new TimeSeries(simulation);
  const sideOf = chooseSides(simulation, input);
  let isSplit = false;
  const apart = (subject: SimulatedNode, by: SimulatedNode): boolean =>
    isSplit || sideOf(subject) !== sideOf(by);
  const watch = new FailureWatch(simulation, apart);
  const provided = new ProvidedKeys(simulation, simulation.streams.stream('keys'));
  const keys = numberOf(input, 'keys');
  provided.provide(keys, simulation.live.inOrder);
  await simulation.run(WARM_UP_MS);

  isSplit = true;
  const splitMs = numberOf(input, 'minutes') * 60_000;
  const { settledMs } = await liveApart(
    simulation,
    { sideOf, splitMs, oneWay: input.values['oneWay'] === 'yes' },
    () => provided.provide(keys, simulation.live.inOrder),
  );
  simulation.faults.heal();
  isSplit = false;
  const healMs = simulation.nowMs;
  input.say('the split has healed');
  const lookups: ObservedLookup[] = [];
  const load = new LookupLoad(simulation, {
    random: simulation.streams.stream('lookups'),
    keys: provided.all,
    perSecond: numberOf(input, 'lookups'),
    onFinished: (each) => lookups.push(each),
  });
  const recovery = await watchRecovery(simulation, provided, AFTERMATH_MS);
  load.stop();
  await simulation.run(LAST_ANSWERS_MS);
  const after = lookups.filter(({ startMs }) => startMs - healMs >= recovery.healedMs);
  const measured = {
    sides: String(input.values['sides']),
    oneWay: String(input.values['oneWay']),
    splitMinutes: numberOf(input, 'minutes'),
    sidesSettledMs: settledMs,
    ...recovery,
    keys: provided.all.length,
    lostRecords: provided.lost().length,
    lookupsRightWhileHealing: rounded(shareRight(lookups.filter((each) => !after.includes(each))), 6),
    lookupsRightAfter: rounded(shareRight(after), 6),
    falseFailures: watch.falseFailures.length,
  };
  return { measured, violations: judge(new LimitCheck(simulation, measured)), series };
}

/** The side of each node, 0 or 1: at random, or by whole regions, so many that they are nearest to one half. */
function chooseSides(simulation: Simulation, input: ScenarioInput): (node: SimulatedNode) => number {
  const random = simulation.streams.stream('sides');
  if (input.values['sides'] !== 'region') {
    const sides = simulation.nodes.map(() => below(random, 2));
    return (node) => sides[node.index] ?? 0;
  }
  const sizes = new Map<string, number>();
  for (const { identity } of simulation.nodes) {
    const { region } = identity.admitted;
    sizes.set(region, (sizes.get(region) ?? 0) + 1);
  }
  const chosen = new Set<string>();
  let size = 0;
  for (const [region, count] of [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (size > 0 && size + count > simulation.nodes.length / 2) continue;
    chosen.add(region);
    size += count;
  }
  return (node) => (chosen.has(node.identity.admitted.region) ? 1 : 0);
}

interface Split {
  readonly sideOf: (node: SimulatedNode) => number;
  readonly splitMs: number;
  readonly oneWay: boolean;
}

/** Splits, lets both sides provide new keys when half of the time is over, and waits for the end. */
async function liveApart(
  simulation: Simulation,
  { sideOf, splitMs, oneWay }: Split,
  provideMore: () => void,
): Promise<{ readonly settledMs: number }> {
  const byIndex = (index: number): number => {
    const node = simulation.nodes[index];
    return node === undefined ? 0 : sideOf(node);
  };
  simulation.faults.split(byIndex, oneWay ? { heardSide: 1 } : {});
  const startMs = simulation.nowMs;
  const isSettled = (): boolean => sidesAreRight(simulation, sideOf);
  let settledMs = Number.NaN;
  while (Number.isNaN(settledMs) && simulation.nowMs - startMs < splitMs / 2) {
    await simulation.run(LOOK_INTERVAL_MS);
    if (isSettled()) settledMs = simulation.nowMs - startMs;
  }
  await simulation.run(Math.max(0, startMs + splitMs / 2 - simulation.nowMs));
  provideMore();
  await simulation.run(startMs + splitMs - simulation.nowMs);
  return { settledMs };
}

/** Does every node list exactly the nodes of its own side? */
function sidesAreRight(simulation: Simulation, sideOf: (node: SimulatedNode) => number): boolean {
  const truths = new Map<number, Marks>();
  for (const node of simulation.live.inOrder) {
    const side = sideOf(node);
    truths.set(side, addMarks(truths.get(side) ?? NO_MARKS, positionMarks(node.identity.nid)));
  }
  return simulation.live.inOrder.every((node) => {
    const truth = truths.get(sideOf(node));
    return truth !== undefined && node.table.version.ringMarks.every((mark, i) => mark === truth[i]);
  });
}

function judge(check: LimitCheck): Violation[] {
  checkRecovery(check);
  check.equal('lookupsRightAfter', 1, 'lookups are right once the tables are');
  return check.violations;
}
