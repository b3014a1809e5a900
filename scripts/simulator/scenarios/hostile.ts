import { below } from '../../measuring/random-streams.ts';
import { percentile, rising } from '../../measuring/percentile.ts';
import type { NodeBehaviour } from '../engine/node-behaviour.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import type { Simulation } from '../engine/simulation.ts';
import { Collusion } from '../hostile/collusion.ts';
import { Replaying } from '../hostile/replaying.ts';
import { silentRelay } from '../hostile/silent-relay.ts';
import { lying } from '../hostile/withholding.ts';
import { AbsenceWatch } from '../oracle/absence-watch.ts';
import { FailureWatch } from '../oracle/failure-watch.ts';
import { LimitCheck } from '../oracle/limit-check.ts';
import { LookupLoad, shareRight, type ObservedLookup } from '../oracle/lookup-load.ts';
import { ProvidedKeys } from '../oracle/provided-keys.ts';
import { SpreadWatch, type WatchedSpread } from '../oracle/spread-watch.ts';
import { rounded } from '../output/rounded.ts';
import { TimeSeries } from '../output/time-series.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

const WARM_UP_MS = 5_000;
/** The tree has done what it can: batching, four hops and two takeovers. */
const TREE_MS = 2_000;
/**
 * One repair round after it: two keep-alives in a row that show another digest, and the repair itself (SPEC.md,
 * repair).
 */
const REPAIR_ROUND_MS = 5_000;
/**
 * A member whose eight partners in repair were all left out by the tree as well waits for their repair: its neighbours
 * on the ring hang on the same branches, the six others are drawn.
 */
const MIN_REACHED_AFTER_REPAIR = 0.999;
/** After the last announcement or accusation. */
const AFTERMATH_MS = 20_000;

const BEHAVIOURS = ['drop', 'accuse', 'replay', 'withhold', 'forge', 'claim'] as const;
type BehaviourName = (typeof BEHAVIOURS)[number];

/** Some members take part and cheat: what the honest ones still know and find. */
export const hostile: Scenario = {
  name: 'ring-hostile',
  summary:
    'a share of the members cheats: drops what it should pass on, accuses, replays, or lies to lookups',
  defaultNodes: 500,
  options: [
    { flags: '--hostile <share>', description: 'members that cheat', default: 0.2, min: 0, max: 0.9 },
    {
      flags: '--behaviour <name>',
      description:
        'drop: acknowledges spreads and passes nothing on; accuse: two collude and announce failures of the living; replay: repeats old messages; withhold, forge, claim: answers lookups with nobody, with a forged record, with itself',
      default: 'drop',
      choices: BEHAVIOURS,
    },
    {
      flags: '--announcements <count>',
      description: 'events of honest members',
      default: 30,
      min: 1,
      max: 10_000,
    },
    {
      flags: '--spacing <s>',
      description: 'between two events; repairs wait for calm, so this is what they get',
      default: 8,
      min: 0.05,
      max: 3_600,
    },
    {
      flags: '--accusations <rate>',
      description: 'false failures announced each minute, all together',
      default: 60,
      min: 0,
      max: 1e5,
    },
    {
      flags: '--keys <count>',
      description: 'keys provided by honest members',
      default: 2_000,
      min: 1,
      max: 1e6,
    },
    {
      flags: '--lookups <rate>',
      description: 'lookups each second by honest members',
      default: 100,
      min: 1,
      max: 1e5,
    },
  ],
  examples: [
    'npm run simulate -- ring-hostile --seed 1 --json',
    'npm run simulate -- ring-hostile --behaviour accuse --accusations 60',
    'npm run simulate -- ring-hostile --behaviour withhold --hostile 0.2',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const simulation = input.simulation();
  simulation.bootstrap(input.nodes);
  const series = new TimeSeries(simulation);
  const provided = new ProvidedKeys(simulation, simulation.streams.stream('keys'));
  const adversary = new Set(
    simulation.live.sample(
      simulation.streams.stream('hostile nodes'),
      Math.round(numberOf(input, 'hostile') * input.nodes),
    ),
  );
  const isHonest = (node: SimulatedNode): boolean => !adversary.has(node);
  const honest = simulation.live.inOrder.filter(isHonest);
  provided.provide(numberOf(input, 'keys'), honest);
  await simulation.run(WARM_UP_MS);

  const watch = new FailureWatch(simulation, (subject, by) => !isHonest(subject) || !isHonest(by));
  const absence = new AbsenceWatch(simulation, isHonest);
  const name = BEHAVIOURS.find((each) => each === input.values['behaviour']) ?? 'drop';
  const cheats = corrupt(simulation, [...adversary], {
    name,
    honest,
    perMinute: numberOf(input, 'accusations'),
  });
  const lookups: ObservedLookup[] = [];
  const load = new LookupLoad(simulation, {
    random: simulation.streams.stream('lookups'),
    keys: provided.all,
    perSecond: numberOf(input, 'lookups'),
    mayAsk: isHonest,
    onFinished: (each) => lookups.push(each),
  });
  const spreads = await announce(simulation, honest, input);
  cheats.stop();
  await simulation.run(AFTERMATH_MS);
  load.stop();
  const coverage = coverageOf(spreads, isHonest);
  const absences = rising(absence.absencesMs);
  const measured = {
    behaviour: name,
    hostile: adversary.size,
    hostileMessages: cheats.count(),
    announcements: spreads.length,
    reachedByTree: coverage.byTree,
    reachedAfterRepair: coverage.afterRepair,
    reachedAfterTwoRepairs: coverage.afterTwoRepairs,
    reachedAlive: coverage.inTheEnd,
    reachedP99Ms: coverage.p99Ms,
    reachedMaxMs: coverage.maxMs,
    lookupsRightShare: rounded(shareRight(lookups), 6),
    lookupsRightWithHonestOwner: rounded(
      shareRight(lookups.filter(({ provided: { key } }) => ownerIsHonest(simulation, key, isHonest))),
      6,
    ),
    falseFailures: watch.falseFailures.length,
    honestMembersEvicted: absence.victims.size,
    missingP50Ms: rounded(percentile(absences, 0.5)),
    missingP99Ms: rounded(percentile(absences, 0.99)),
    missingMaxMs: rounded(percentile(absences, 1)),
    stillMissing: absence.lastingMs.length,
    lostRecords: provided.lost().length,
  };
  return { measured, violations: judge(new LimitCheck(simulation, measured), name, watch), series };
}

interface Cheats {
  count(): number;
  stop(): void;
}

/** Makes these members cheat from now on. */
function corrupt(
  simulation: Simulation,
  adversary: readonly SimulatedNode[],
  how: {
    readonly name: BehaviourName;
    readonly honest: readonly SimulatedNode[];
    readonly perMinute: number;
  },
): Cheats {
  const random = simulation.streams.stream('cheating');
  const collusion = new Collusion(simulation, random);
  const replaying = new Replaying(simulation, random);
  let isOver = false;
  for (const node of adversary) {
    const behaviour = behaviourOf(simulation, node, { name: how.name, collusion, replaying });
    node.behaviour = behaviour;
  }
  if (how.name === 'accuse' && how.perMinute > 0 && adversary.length >= 2) {
    simulation.every(60_000 / how.perMinute, () => {
      const [accuser, partner] = pair(adversary, random);
      const victim = how.honest[below(random, how.honest.length)];
      if (accuser !== undefined && partner !== undefined && victim !== undefined)
        collusion.accuse(accuser, partner, victim);
      return !isOver;
    });
  }
  return {
    count: () => collusion.count + replaying.count,
    stop: () => {
      isOver = true;
    },
  };
}

function pair<T>(items: readonly T[], random: () => number): (T | undefined)[] {
  const first = below(random, items.length);
  const second = (first + 1 + below(random, items.length - 1)) % items.length;
  return [items[first], items[second]];
}

function behaviourOf(
  simulation: Simulation,
  node: SimulatedNode,
  cheats: { readonly name: BehaviourName; readonly collusion: Collusion; readonly replaying: Replaying },
): NodeBehaviour {
  switch (cheats.name) {
    case 'drop':
      return silentRelay();
    case 'accuse':
      return cheats.collusion.behaviourOf(node);
    case 'replay':
      return cheats.replaying.behaviourOf(node);
    case 'withhold':
      return lying(simulation, node, 'nobody');
    case 'forge':
      return lying(simulation, node, 'forged');
    case 'claim':
      return lying(simulation, node, 'itself');
  }
}

/** Honest members announce new records, one after another. */
async function announce(
  simulation: Simulation,
  honest: readonly SimulatedNode[],
  input: ScenarioInput,
): Promise<WatchedSpread[]> {
  const watch = new SpreadWatch(simulation);
  const random = simulation.streams.stream('announcers');
  const spreads: WatchedSpread[] = [];
  for (let i = 0; i < numberOf(input, 'announcements'); i++) {
    const origin = honest[below(random, honest.length)];
    if (origin !== undefined) spreads.push(watch.announce(origin));
    await simulation.run(numberOf(input, 'spacing') * 1_000);
  }
  return spreads;
}

interface Coverage {
  readonly byTree: number;
  readonly afterRepair: number;
  readonly afterTwoRepairs: number;
  readonly inTheEnd: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Shares of honest members that had an event: when the tree was done, one repair round later, and in the end. */
function coverageOf(spreads: readonly WatchedSpread[], isHonest: (node: SimulatedNode) => boolean): Coverage {
  let audience = 0;
  const times: number[] = [];
  for (const spread of spreads) {
    for (const node of spread.audience) {
      if (!isHonest(node)) continue;
      audience += 1;
      const reachedMs = spread.reachedMs.get(node);
      if (reachedMs !== undefined) times.push(reachedMs);
    }
  }
  const within = (limitMs: number): number =>
    rounded(times.filter((ms) => ms <= limitMs).length / Math.max(1, audience), 6);
  const sorted = rising(times);
  return {
    byTree: within(TREE_MS),
    afterRepair: within(TREE_MS + REPAIR_ROUND_MS),
    afterTwoRepairs: within(TREE_MS + 2 * REPAIR_ROUND_MS),
    inTheEnd: within(Infinity),
    p99Ms: rounded(percentile(sorted, 0.99)),
    maxMs: rounded(percentile(sorted, 1)),
  };
}

function ownerIsHonest(
  simulation: Simulation,
  key: Uint8Array,
  isHonest: (node: SimulatedNode) => boolean,
): boolean {
  const owner = simulation.live.ownerOf(key);
  return owner !== undefined && isHonest(owner);
}

function judge(check: LimitCheck, name: BehaviourName, watch: FailureWatch): Violation[] {
  check.atLeast(
    'reachedAfterRepair',
    MIN_REACHED_AFTER_REPAIR,
    'nearly every honest member knows after one repair round',
  );
  check.equal('reachedAfterTwoRepairs', 1, 'every honest member knows after two');
  check.atMost('lostRecords', 0, 'no record is lost');
  check.atMost('stillMissing', 0, 'whoever was falsely accused is back');
  // Two colluding members can sign what two observers would: they evict for a moment, which is measured, not denied.
  return name === 'accuse' ? check.violations : [...check.violations, ...watch.falseFailures];
}
