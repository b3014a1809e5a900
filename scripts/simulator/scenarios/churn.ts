import { percentile, rising } from '../../measuring/percentile.ts';
import { Churn } from '../churn/churn.ts';
import { SESSION_DISTRIBUTIONS, SessionLengths } from '../churn/session-lengths.ts';
import type { Simulation } from '../engine/simulation.ts';
import { FailureWatch } from '../oracle/failure-watch.ts';
import { LookupLoad } from '../oracle/lookup-load.ts';
import { LookupTally } from '../oracle/lookup-tally.ts';
import { ProvidedKeys } from '../oracle/provided-keys.ts';
import { auditRecords } from '../oracle/record-audit.ts';
import { TableOracle } from '../oracle/table-oracle.ts';
import { measureTraffic } from '../oracle/traffic-window.ts';
import { rounded } from '../output/rounded.ts';
import { shareOfRightTables, TimeSeries } from '../output/time-series.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

/** Everything older than this must be in every table: detection, suspicion, dissemination and a repair. */
const SETTLED_MS = 20_000;
/** Between two looks at all tables. */
const CHECK_INTERVAL_MS = 5_000;
/** A key is asked for when it is provided so long. */
const PUBLISHED_AFTER_MS = 2_000;
/** Records are looked for at most so long. */
const AUDIT_MS = 10_000;

/** Sessions end and begin all the time: what it costs each member, and what still works (RING.md, numbers). */
export const churn: Scenario = {
  name: 'ring-churn',
  summary: 'bytes, lookups and detection while members come and go',
  defaultNodes: 10_000,
  options: [
    { flags: '--session-minutes <minutes>', description: 'mean session', default: 174, min: 0.1, max: 1e6 },
    {
      flags: '--distribution <name>',
      description: 'of session lengths',
      default: 'exponential',
      choices: SESSION_DISTRIBUTIONS,
    },
    {
      flags: '--leave-share <share>',
      description: 'sessions that end by a planned leave',
      default: 0.5,
      min: 0,
      max: 1,
    },
    { flags: '--warm-up <s>', description: 'churn before the measurement', default: 15, min: 0, max: 1e6 },
    { flags: '--duration <s>', description: 'virtual seconds measured', default: 60, min: 1, max: 1e7 },
    {
      flags: '--keys <count>',
      description: 'contents provided by members',
      default: 1_000,
      min: 0,
      max: 1e6,
    },
    {
      flags: '--lookups <per-s>',
      description: 'lookups a second by random members',
      default: 200,
      min: 0,
      max: 1e6,
    },
  ],
  examples: [
    'npm run simulate -- ring-churn --nodes 10000 --seed 1 --json',
    'npm run simulate -- ring-churn --nodes 1000 --session-minutes 60 --distribution pareto --csv out',
    'npm run simulate -- ring-churn --nodes 100000 --duration 20 --warm-up 10',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const simulation = input.simulation();
  simulation.bootstrap(input.nodes);
  input.say(`${input.nodes} nodes agree`);
  const oracle = new TableOracle(simulation);
  const failures = new FailureWatch(simulation);
  const series = new TimeSeries(simulation);
  // One purpose, one stream: which keys there are, and who asks for them.
  const random = simulation.streams.stream('contents');
  const provided = new ProvidedKeys(simulation, random);
  provided.replaceLost();
  provided.provideAnywhere(numberOf(input, 'keys'));
  await simulation.run(2_000);
  const churn = new Churn(simulation, sessionLengths(input), numberOf(input, 'leaveShare'));
  await simulation.run(numberOf(input, 'warmUp') * 1_000);
  input.say('measuring');
  const tally = new LookupTally(simulation);
  const closeTraffic = measureTraffic(simulation);
  const load = new LookupLoad(simulation, {
    random,
    keys: provided.all,
    perSecond: numberOf(input, 'lookups'),
    maySeek: ({ sinceMs }) => simulation.nowMs - sinceMs >= PUBLISHED_AFTER_MS,
    onFinished: (lookup) => tally.note(lookup),
  });
  const found = await checked(simulation, oracle, numberOf(input, 'duration') * 1_000);
  load.stop();
  const traffic = closeTraffic();
  churn.stop();
  const healedMs = await healed(simulation, oracle);
  const lost = await auditRecords(simulation, provided.all, { random, limitMs: AUDIT_MS });
  if (healedMs === undefined) found.push(...oracle.violations(0));
  const detections = rising(failures.detectionsMs);
  return {
    measured: {
      receiveBytesPerSecond: traffic.receiveBytesPerSecond,
      ...tally.figures,
      detectionP50Ms: rounded(percentile(detections, 0.5), 0),
      detectionP99Ms: rounded(percentile(detections, 0.99), 0),
      removalP50Ms: failures.removals.percentileMs(0.5),
      removalP99Ms: failures.removals.percentileMs(0.99),
      falseFailures: failures.falseFailures.length,
      ...(healedMs === undefined ? {} : { healedMs }),
      lostRecords: lost.length,
      joins: churn.joins,
      crashes: churn.crashes,
      leaves: churn.leaves,
      failedJoins: churn.failedJoins,
      joinP50Ms: rounded(percentile(rising(churn.joinsMs), 0.5), 0),
      joinBytesPerSecond: traffic.joinBytesPerSecond,
      receivedByKind: traffic.byKind,
    },
    violations: [...failures.falseFailures, ...found, ...lost],
    series,
  };
}

function sessionLengths(input: ScenarioInput): SessionLengths {
  const distribution =
    SESSION_DISTRIBUTIONS.find((name) => name === input.values['distribution']) ?? 'exponential';
  return new SessionLengths(numberOf(input, 'sessionMinutes') * 60_000, distribution);
}

/** Lets this much time pass, with a look at all tables now and then. @returns what is wrong in them */
async function checked(
  simulation: Simulation,
  oracle: TableOracle,
  durationMs: number,
): Promise<Violation[]> {
  const endMs = simulation.nowMs + durationMs;
  const found: Violation[] = [];
  simulation.every(CHECK_INTERVAL_MS, () => {
    found.push(...oracle.violations(SETTLED_MS));
    return simulation.nowMs < endMs;
  });
  await simulation.run(durationMs);
  return found;
}

/** From the last change to the moment when every table is the truth; undefined if that never came. */
async function healed(simulation: Simulation, oracle: TableOracle): Promise<number | undefined> {
  const endMs = simulation.nowMs + 2 * SETTLED_MS;
  while (simulation.nowMs < endMs) {
    if (shareOfRightTables(simulation) === 1) return rounded(simulation.nowMs - oracle.lastChangeMs, 0);
    await simulation.run(200);
  }
  return undefined;
}
