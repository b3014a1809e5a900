import { sha256 } from '@noble/hashes/sha2.js';

import { REPLICAS } from '../../../node/core/one-hop-ring/limits.ts';
import { bytesToHex, hexToBytes, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import type { BenchSetting } from '../bench.ts';
import { DrawnPositions } from './drawn-positions.ts';
import type { System } from './lookup-node.ts';
import { NodeNetwork } from './node-network.ts';
import type { TimedLookup } from './worker-protocol.ts';

/** Cold lookups a round: each makes a host of its own. */
const COLD_LOOKUPS = 20;
/** Lookups of one key by one asker, one after another: the first opens a stream if there is none, the rest keep it. */
const REPEATS = 11;
const KEPT_STREAM_ASKERS = 20;
/** k of Kademlia. */
const KAD_BUCKET = 20;

export interface RoundPlan {
  readonly nodes: number;
  readonly processes: number;
  readonly lookups: number;
  readonly keys: number;
  readonly round: number;
  readonly random: () => number;
}

/** Milliseconds, unless said otherwise. */
export interface RoundFigures {
  readonly lookups: readonly TimedLookup[];
  readonly keptStream: readonly number[];
  readonly cold: readonly number[];
  readonly joins: readonly number[];
  /** From the first join until every table is full and warm. */
  readonly warmMs: number;
}

/** Builds a network of one system, provides, looks up, and ends it. */
export async function runRound(
  system: System,
  plan: RoundPlan,
  setting: BenchSetting,
): Promise<RoundFigures> {
  const { progress, signal } = setting;
  const network = new NodeNetwork({ system, ...plan });
  const name = `round ${plan.round + 1}, ${system}`;
  try {
    await progress.task(`${name}: ${plan.nodes} hosts in ${plan.processes} processes`, async () =>
      network.start(),
    );
    const startedMs = performance.now();
    const joins = await progress.task(
      `${name}: join`,
      async () => network.join(),
      (times) => `the last took ${times.at(-1)?.toFixed(0)} ms`,
    );
    await progress.task(`${name}: warm up`, async () => warmUp(system, network, plan, signal));
    const warmMs = performance.now() - startedMs;
    const provided = await progress.task(`${name}: provide ${plan.keys} keys`, async () =>
      provideAll(system, network, plan, signal),
    );
    const lookups = await progress.task(`${name}: ${plan.lookups} lookups`, async () =>
      lookUpAll(network, provided, plan, signal),
    );
    const more =
      system === 'ring' ? await ringOnly(network, provided, plan, setting) : { keptStream: [], cold: [] };
    return { lookups, joins, warmMs, ...more };
  } finally {
    await network.end();
  }
}

interface Provided {
  readonly key: string;
  readonly provider: number;
}

/**
 * The ring: every table full and a stream to every member. Kademlia: each node refreshes its table (a walk for each of
 * its buckets) and walks to its own key, until each knows a full bucket of k peers and is connected to them.
 */
async function warmUp(
  system: System,
  network: NodeNetwork,
  { nodes }: RoundPlan,
  signal: AbortSignal,
): Promise<void> {
  if (system === 'ring') {
    await network.until(
      'every member knows all and has a stream to all',
      ({ known, connections }) => Math.min(...known) === nodes && Math.min(...connections) >= nodes - 1,
      signal,
    );
    return;
  }
  await network.warm();
  const enough = Math.min(nodes, KAD_BUCKET + 1);
  await network.until('every node knows k peers', ({ known }) => Math.min(...known) >= enough, signal);
}

async function provideAll(
  system: System,
  network: NodeNetwork,
  { keys, nodes, round }: RoundPlan,
  signal: AbortSignal,
): Promise<Provided[]> {
  const provided = Array.from({ length: keys }, (_, i) => ({
    key: bytesToHex(sha256(utf8ToBytes(`bench content ${round} ${i}`))),
    provider: i % nodes,
  }));
  for (const { key, provider } of provided) await network.provide(provider, key);
  if (system === 'ring') {
    const replicas = Math.min(REPLICAS, nodes);
    await network.until('all keys are stored', ({ heldKeys }) => heldKeys >= keys * replicas, signal);
  }
  return provided;
}

/** One at a time, by random nodes other than the provider, for random keys: the same for both systems. */
async function lookUpAll(
  network: NodeNetwork,
  provided: readonly Provided[],
  { lookups, nodes, random }: RoundPlan,
  signal: AbortSignal,
): Promise<TimedLookup[]> {
  const results: TimedLookup[] = [];
  while (results.length < lookups) {
    signal.throwIfAborted();
    const wanted = provided[Math.floor(random() * provided.length)];
    const asker = Math.floor(random() * nodes);
    if (wanted === undefined || asker === wanted.provider) continue;
    results.push(...(await network.lookup(asker, wanted.key)));
  }
  return results;
}

/** What only the ring has: lookups over a stream that is known to be kept, and first contacts with an owner. */
async function ringOnly(
  network: NodeNetwork,
  provided: readonly Provided[],
  { nodes, random }: RoundPlan,
  { progress, signal }: BenchSetting,
): Promise<Pick<RoundFigures, 'keptStream' | 'cold'>> {
  const positions = await DrawnPositions.of(network.numbers);
  const any = (): Provided => provided[Math.floor(random() * provided.length)] ?? { key: '0x', provider: 0 };
  const keptStream = await progress.task('kept streams', async () => {
    const times: number[] = [];
    while (times.length < KEPT_STREAM_ASKERS * (REPEATS - 1)) {
      signal.throwIfAborted();
      const { key } = any();
      const asker = Math.floor(random() * nodes);
      if (positions.responsibleFor(hexToBytes(key), REPLICAS).includes(asker)) continue;
      const [, ...repeated] = await network.lookup(asker, key, REPEATS);
      times.push(...repeated.map(({ ms }) => ms));
    }
    return times;
  });
  const cold = await progress.task('first contacts', async () => {
    const times: number[] = [];
    for (let i = 0; i < COLD_LOOKUPS; i++) {
      signal.throwIfAborted();
      const { key } = any();
      const [owner] = positions.responsibleFor(hexToBytes(key), 1);
      const { ms, found } = await network.cold(nodes + i, owner ?? 0, key);
      times.push(found ? ms : Infinity);
    }
    return times;
  });
  return { keptStream, cold };
}
