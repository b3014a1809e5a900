import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import type { LookupCount } from '../../sdk/client/fetch-session.ts';
import type { Child, ChildProcesses, Message } from './child-processes.ts';
import { DevnetError } from './devnet-error.ts';
import type { NetworkNode } from './network-node.ts';
import { REGIONS } from './network-plan.ts';
import { peersHolding } from './peer-books.ts';
import { killAndWatch, type RingHealing } from './ring-healing.ts';

const VIEWER_PROGRAM = join(import.meta.dirname, 'viewer.ts');
/** A viewer that has not finished by then has failed. */
const VIEWER_TIMEOUT_MS = 15 * 60_000;
/** The edge dies when the first viewer has received this share of the file. */
const KILL_AT_SHARE = 0.4;
/** A peer announces what it holds when its player has been idle for a moment. */
const PEERS_READY_MS = 15_000;
const PEERS_POLL_MS = 100;

/** What one viewer received. */
export interface Viewing {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly badBlocks: number;
  /** Began before the edge was killed. */
  readonly firstWave: boolean;
  readonly lookups: LookupCount;
  readonly undeliveredReceipts: number;
  /** Who signed; undefined for one that watched through a peer, which signs for it. */
  readonly viewerKey: Address | undefined;
  /** Verified bytes by node. */
  readonly bytesByNode: ReadonlyMap<Address, number>;
}

/** What is delivered, by whom, and who misbehaves. */
export interface DeliveryPlan {
  readonly cid: string;
  readonly dealId: string;
  readonly bytes: number;
  readonly marketplaceUrl: string;
  readonly viewers: number;
  readonly peers: readonly NetworkNode[];
  /** Dies by SIGKILL in the middle. */
  readonly victim: NetworkNode;
  /** The other edges, which have to notice. */
  readonly survivors: readonly NetworkNode[];
  /** Serves wrong bytes from the middle on. */
  readonly liar: NetworkNode;
}

/** What the viewers received, and how the ring took the death of the edge meanwhile. */
export interface Delivered {
  readonly viewings: readonly Viewing[];
  readonly healing: RingHealing;
}

interface PlannedViewer {
  readonly name: string;
  readonly flags: readonly string[];
}

/**
 * Lets the players at the peers fetch, so that the peers hold the content and are offered to others; then the other
 * viewers, in two waves. While the first is under way one edge is killed; from then on another lies.
 * The first viewer asks the victim first and the first of the second wave asks the liar first, so that both faults
 * meet somebody whatever the size of the file.
 * @throws DevnetError PROCESS_FAILED, PROCESS_TIMEOUT, PROCESS_OUTPUT_INVALID
 */
export async function deliver(
  plan: DeliveryPlan,
  processes: ChildProcesses,
  report: (text: string) => void,
): Promise<Delivered> {
  const players = planPlayers(plan).map((viewer) => startViewer(viewer, plan, processes));
  const atPeers = await Promise.all(players.map(async (child) => viewingOf(child)));
  const holding = await peersReady(plan);
  report(`${holding} of ${plan.peers.length} peers hold the content and serve it`);
  const viewers = planViewers(plan);
  const half = Math.ceil(viewers.length / 2);
  const first = viewers.slice(0, half).map((viewer) => startViewer(viewer, plan, processes));
  await reached(first, plan.bytes * KILL_AT_SHARE);
  const healing = killAndWatch(plan.victim, plan.survivors, plan.cid);
  report(`${plan.victim.plan.name} killed (SIGKILL)`);
  plan.liar.corrupt();
  report(`${plan.liar.plan.name} serves corrupted blocks from now on`);
  const second = viewers.slice(half).map((viewer) => startViewer(viewer, plan, processes));
  const wave = (children: readonly Child[], firstWave: boolean): Promise<Viewing>[] =>
    children.map(async (child) => viewingOf(child, firstWave));
  const [viewings, healed] = await Promise.all([
    Promise.all([...wave(first, true), ...wave(second, false)]),
    healing,
  ]);
  return { viewings: [...atPeers, ...viewings], healing: healed };
}

/** One viewer process from its start to its end. */
export async function fetchOnce(
  viewer: {
    readonly name: string;
    readonly cid: string;
    readonly marketplaceUrl: string;
    readonly region: string;
  },
  processes: ChildProcesses,
): Promise<Viewing> {
  return viewingOf(startViewer({ name: viewer.name, flags: ['--region', viewer.region] }, viewer, processes));
}

/** Viewers that watch through a peer of theirs. */
function planPlayers(plan: DeliveryPlan): readonly PlannedViewer[] {
  return plan.peers.map((peer, index): PlannedViewer => {
    return { name: `viewer-at-peer-${index + 1}`, flags: ['--gateway', peer.httpUrl] };
  });
}

/** Waits until the coordinator knows that the peers hold the content; goes on without one that does not say so. */
async function peersReady({ marketplaceUrl, dealId, peers }: DeliveryPlan): Promise<number> {
  const deadlineMs = performance.now() + PEERS_READY_MS;
  for (;;) {
    const holders = await peersHolding(marketplaceUrl, dealId);
    const holding = peers.filter(({ operator }) => holders.has(operator)).length;
    if (holding === peers.length || performance.now() > deadlineMs) return holding;
    await sleep(PEERS_POLL_MS);
  }
}

/** Direct viewers in all regions. */
function planViewers(plan: DeliveryPlan): readonly PlannedViewer[] {
  const directCount = plan.viewers - plan.peers.length;
  const secondWaveStart = Math.ceil(directCount / 2);
  return Array.from({ length: directCount }, (_, index): PlannedViewer => {
    const region = REGIONS[index % REGIONS.length] ?? REGIONS[0];
    const asksFirst: Address | undefined =
      index === 0 ? plan.victim.operator : index === secondWaveStart ? plan.liar.operator : undefined;
    return {
      name: `viewer-${index + 1}`,
      flags: ['--region', region, ...(asksFirst === undefined ? [] : ['--prefer', asksFirst])],
    };
  });
}

function startViewer(
  viewer: PlannedViewer,
  plan: Pick<DeliveryPlan, 'cid' | 'marketplaceUrl'>,
  processes: ChildProcesses,
): Child {
  return processes.start({
    name: viewer.name,
    argv: [VIEWER_PROGRAM, '--cid', plan.cid, '--marketplace', plan.marketplaceUrl, ...viewer.flags],
  });
}

/** Resolves when one of the viewers has so many bytes, or all are done. */
async function reached(viewers: readonly Child[], bytes: number): Promise<void> {
  const done = Promise.all(viewers.map(async (viewer) => viewer.message('done', VIEWER_TIMEOUT_MS)));
  const enough = viewers.map(async (viewer) =>
    viewer.matching((message) => message['event'] === 'progress' && Number(message['bytes']) >= bytes, {
      what: 'in the middle of the file',
      timeoutMs: VIEWER_TIMEOUT_MS,
    }),
  );
  // A short file is finished without any progress being told: then the wave as a whole decides.
  await Promise.race([done, Promise.any(enough).catch(async () => done)]);
}

async function viewingOf(child: Child, firstWave = true): Promise<Viewing> {
  const done = await child.message('done', VIEWER_TIMEOUT_MS);
  const exit = await child.exited();
  if (exit !== 0) throw await child.failure(`failed (${exit}) after it had received everything`);
  return {
    name: child.name,
    bytes: count(done, 'bytes'),
    sha256: String(done['sha256']),
    badBlocks: count(done, 'badBlocks', 0),
    firstWave,
    lookups: lookupsOf(done),
    undeliveredReceipts: count(done, 'undeliveredReceipts', 0),
    viewerKey: typeof done['viewerKey'] === 'string' ? parseAddress(done['viewerKey']) : undefined,
    bytesByNode: bytesByNodeOf(done),
  };
}

function lookupsOf(done: Message): Viewing['lookups'] {
  const { lookups } = done;
  if (typeof lookups !== 'object' || lookups === null) return { count: 0, oneHop: 0, unanswered: 0 };
  return {
    count: count(lookups as Message, 'count'),
    oneHop: count(lookups as Message, 'oneHop'),
    unanswered: count(lookups as Message, 'unanswered'),
  };
}

function bytesByNodeOf(done: Message): Map<Address, number> {
  const entries = Object.entries((done['bytesByNode'] as Message | undefined) ?? {});
  return new Map(entries.map(([node, bytes]) => [parseAddress(node), Number(bytes)]));
}

function count(message: Message, field: string, fallback?: number): number {
  const value = message[field] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DevnetError('PROCESS_OUTPUT_INVALID', `A viewer did not say its ${field}.`, { field });
}
