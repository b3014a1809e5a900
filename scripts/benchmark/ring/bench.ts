import { RandomStreams } from '../../measuring/random-streams.ts';
import { median, percentile, rising } from '../../measuring/percentile.ts';
import { defineBench, type BenchTable, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { SYSTEMS, type System } from './lookup-node.ts';
import { runRound, type RoundFigures } from './round.ts';

/** RING.md, numbers to reach. */
const TARGET = { lookupP50Ms: 2.5, lookupP99Ms: 25, keptStreamP50Ms: 0.5, rpcs: 1, misses: 0 };

export const ring = defineBench({
  name: 'ring',
  summary:
    'Lookups in the one-hop ring against @libp2p/kad-dht: real hosts over TCP, Noise and yamux, in turn.',
  options: {
    nodes: { description: 'hosts of each network', fallback: 50, min: 2, max: 200 },
    rounds: { description: 'networks of each system, in turn', fallback: 5, min: 1, max: 100 },
    lookups: { description: 'of each network', fallback: 200, min: 1, max: 100_000 },
    keys: { description: 'provided in each network', fallback: 50, min: 1, max: 1_000 },
    processes: { description: 'that the hosts are spread over', fallback: 4, min: 1, max: 32 },
    seed: { description: 'of askers, keys and contacts', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async ({ rounds, seed, ...plan }, setting) => {
    const results: Record<System, RoundFigures[]> = { ring: [], kad: [] };
    const streams = new RandomStreams(seed);
    for (let round = 0; round < rounds; round++) {
      // Who goes first alternates, so that neither always has the quieter machine.
      const order = round % 2 === 0 ? SYSTEMS : SYSTEMS.toReversed();
      for (const system of order) {
        // Both systems are asked the same questions by the same nodes.
        const random = streams.stream(`round ${round}`);
        results[system].push(await runRound(system, { ...plan, round, random }, setting));
      }
    }
    const figures = summary(plan.nodes, results);
    return { figures, tables: [tableOf(results)] };
  },
});

function summary(nodes: number, { ring, kad }: Record<System, RoundFigures[]>): Record<string, Json> {
  const both = { ring: lookupFigures(ring), kad: lookupFigures(kad) };
  const perRound = ring.map((round, i) => {
    const other = kad[i];
    return rounded(other === undefined ? Number.NaN : msP50(other) / msP50(round));
  });
  const keptStreamP50Ms = median(ring.flatMap((round) => round.keptStream));
  return {
    nodes,
    ring: {
      lookupP50Ms: rounded(both.ring.p50),
      lookupP99Ms: rounded(both.ring.p99),
      rpcs: rounded(both.ring.rpcs),
      misses: both.ring.misses,
      keptStreamP50Ms: rounded(keptStreamP50Ms),
      keptStreamP99Ms: rounded(percentile(rising(ring.flatMap((round) => round.keptStream)), 0.99)),
      coldP50Ms: rounded(median(ring.flatMap((round) => round.cold))),
      coldMisses: ring.flatMap((round) => round.cold).filter((ms) => ms === Infinity).length,
      rpcsMax: both.ring.rpcsMax,
      joinMs: rounded(median(ring.map(lastJoin))),
      joinMsMax: rounded(Math.max(...ring.flatMap((round) => round.joins))),
      warmMs: rounded(median(ring.map((round) => round.warmMs))),
    },
    kad: {
      lookupP50Ms: rounded(both.kad.p50),
      lookupP99Ms: rounded(both.kad.p99),
      misses: both.kad.misses,
      rpcs: rounded(both.kad.rpcs),
      joinMs: rounded(median(kad.map(lastJoin))),
      warmMs: rounded(median(kad.map((round) => round.warmMs))),
    },
    ratioP50: rounded(both.kad.p50 / both.ring.p50),
    ratioP50ByRound: perRound,
    target: {
      ...TARGET,
      met:
        both.ring.p50 <= TARGET.lookupP50Ms &&
        both.ring.p99 <= TARGET.lookupP99Ms &&
        both.ring.rpcsMax <= TARGET.rpcs &&
        both.ring.misses === TARGET.misses &&
        keptStreamP50Ms <= TARGET.keptStreamP50Ms,
    },
  };
}

interface LookupFigures {
  readonly p50: number;
  readonly p99: number;
  /** Mean of the lookups that left their node. */
  readonly rpcs: number;
  readonly rpcsMax: number;
  readonly misses: number;
}

function lookupFigures(rounds: readonly RoundFigures[]): LookupFigures {
  const lookups = rounds.flatMap((round) => round.lookups);
  const times = lookups.map(({ ms }) => ms);
  const remote = lookups.map(({ rpcs }) => rpcs).filter((rpcs) => rpcs > 0);
  return {
    p50: median(times),
    p99: percentile(rising(times), 0.99),
    rpcs: remote.reduce((sum, rpcs) => sum + rpcs, 0) / remote.length,
    rpcsMax: Math.max(0, ...remote),
    misses: lookups.filter(({ found }) => !found).length,
  };
}

function msP50(round: RoundFigures): number {
  return median(round.lookups.map(({ ms }) => ms));
}

function lastJoin(round: RoundFigures): number {
  return round.joins.at(-1) ?? Number.NaN;
}

function tableOf(results: Record<System, RoundFigures[]>): BenchTable {
  const [ring, kad] = [lookupFigures(results.ring), lookupFigures(results.kad)];
  const kept = results.ring.flatMap((round) => round.keptStream);
  const cold = results.ring.flatMap((round) => round.cold);
  const row = (name: string, read: (figures: LookupFigures) => number): string[] => [
    name,
    figure(read(ring)),
    figure(read(kad)),
    figure(read(kad) / read(ring)),
  ];
  const ringRow = (name: string, value: number): string[] => [name, figure(value), '', ''];
  return {
    title: 'Lookups: one-hop ring and @libp2p/kad-dht',
    columns: ['', 'ring', 'kad-dht', 'ratio'],
    rows: [
      row('lookup p50, ms', ({ p50 }) => p50),
      row('lookup p99, ms', ({ p99 }) => p99),
      row('remote calls a lookup', ({ rpcs }) => rpcs),
      row('misses', ({ misses }) => misses),
      ringRow('on a kept stream p50, ms', median(kept)),
      ringRow('first contact p50, ms', median(cold)),
      [
        'join of the last node, ms',
        ...SYSTEMS.map((system) => figure(median(results[system].map(lastJoin)))),
        '',
      ],
      [
        'all joined and warm, ms',
        ...SYSTEMS.map((system) => figure(median(results[system].map(({ warmMs }) => warmMs)))),
        '',
      ],
    ],
  };
}
