import description from '../../package.json' with { type: 'json' };
import { networkDomainOf } from '../../sdk/protocol/network-domain.ts';
import type { ChainCondition } from '../adapters/chain/chain-follower.ts';
import type { MonthFigures, NodeFigures } from '../adapters/metrics/node-metrics.ts';
import type { ContentSummary } from '../core/storage/block-ports.ts';
import { lastRipeEpoch } from '../core/settlement/settlement-plan.ts';
import { formatSize } from './config/units.ts';
import type { CarriagePlane } from './carriage/carriage-plane.ts';
import type { StatusDocument } from './control/documents.ts';
import type { DeliveryPlane } from './delivery-plane.ts';
import { runningEarnings } from './earnings/running-earnings.ts';
import { earningsSummary, type EarningsSummary } from './earnings/earnings-summary.ts';
import { earningOf, type EarningFacts } from './earning-state.ts';
import type { EdgePlane } from './edge-plane.ts';
import type { PeerPlane } from './peers/peer-plane.ts';
import type { Foundation } from './foundation.ts';
import type { ErrorReport } from './node-error.ts';
import type { PeerStore } from './peers/peer-store.ts';

/** A chain clock and ours may differ by so much before the operator is told. */
const MAX_DRIFT_MS = 30_000;

/** What the life of the node adds to what its parts say. */
export interface StatusSources {
  readonly foundation: Foundation;
  readonly state: StatusDocument['state'];
  readonly startedMs: number;
  readonly peerId: string;
  readonly httpUrl: string;
  readonly dashboardUrl: string | undefined;
  readonly multiaddrs: readonly string[];
  /** What the node is waiting for, if it is. */
  readonly trouble: ErrorReport | undefined;
  readonly chain: ChainCondition;
  readonly delivery: DeliveryPlane | undefined;
  readonly edge: EdgePlane | undefined;
  readonly peer: Pick<PeerPlane, 'offered'> | undefined;
  /** Of a peer that has started. */
  readonly peerStore: PeerStore | undefined;
  /** Of an edge that lends its uplink. */
  readonly carriage: Pick<CarriagePlane, 'figures'> | undefined;
}

/** The whole state of a node in one document. */
export async function statusReport(sources: StatusSources): Promise<StatusDocument> {
  const { foundation, edge, chain } = sources;
  const { config, node, clock, registry, blocks, directory, drain } = foundation;
  const registered = registry.nodeOf(node);
  const usage = blocks.usage();
  const contents = blocks.contents();
  const complete = contents.filter((content) => content.complete).length;
  const problems = problemsOf(sources);
  return {
    version: description.version,
    operator: node,
    peerId: sources.peerId,
    nid: registered?.nid ?? null,
    role: config.settings.role,
    region: config.settings.region,
    state: shownState(sources, problems),
    uptimeSeconds: Math.floor((clock.nowMs() - sources.startedMs) / 1000),
    httpUrl: sources.httpUrl,
    dashboardUrl: sources.dashboardUrl ?? null,
    multiaddrs: [...sources.multiaddrs],
    earning: earningOf(earningFacts(sources, problems)),
    problems,
    drainingSince: drain.sinceMs === undefined ? null : new Date(drain.sinceMs).toISOString(),
    bytes: bytesOf(sources.delivery),
    traffic: trafficOf(foundation),
    disk: { usedBytes: String(usage.usedBytes), limitBytes: String(usage.quotaBytes) },
    content: { complete, incomplete: contents.length - complete },
    workers: sources.delivery?.workers() ?? null,
    ring: ringOf(sources),
    group: groupOf(edge),
    domain: networkDomainOf(config.settings.region, config.settings.domain),
    contributedBytes: contributedBytesOf(sources),
    carriage: carriageOf(sources),
    deals: directory.own().map(({ deal, allocation }) => ({
      dealId: deal.dealId,
      state: deal.state,
      allocation: allocation.state,
      contentRoot: deal.contentRoot,
      complete: blocks.isComplete(deal.contentRoot),
      balanceWei: allocation.balanceWei.toString(),
      paidWei: allocation.paidWei.toString(),
      ratePerGib: allocation.ratePerGiB.toString(),
      throughEpoch: allocation.throughEpoch,
    })),
    origins: originsOf(sources, contents),
    settlement: settlementOf(sources),
    money: moneyOf(earningsSummary(runningEarnings(foundation, sources.peerStore))),
    chain: {
      state: chain.state,
      since: new Date(chain.sinceMs).toISOString(),
      block: chain.block ?? null,
      driftMs: chain.driftMs ?? null,
      reason: chain.reason ?? null,
    },
  };
}

/** A node that serves is said to drain, or to be degraded, if it is so. */
function shownState(
  { state, foundation }: StatusSources,
  problems: StatusDocument['problems'],
): StatusDocument['state'] {
  if (state !== 'serving') return state;
  if (foundation.drain.isSet) return 'draining';
  return problems.length > 0 ? 'degraded' : 'serving';
}

function problemsOf({ trouble, chain, edge, foundation, state }: StatusSources): StatusDocument['problems'] {
  const problems: StatusDocument['problems'] = [];
  if (trouble !== undefined) problems.push({ code: trouble.code, message: trouble.message });
  if (chain.state === 'lost' && trouble?.code !== 'CHAIN_UNREACHABLE') {
    problems.push({
      code: 'CHAIN_UNREACHABLE',
      message: `The chain is away: ${chain.reason ?? 'no answer'}. Receipts are kept and settled when it returns.`,
    });
  }
  const surprising = !foundation.chainClock.leadIsExpected;
  if (surprising && chain.driftMs !== undefined && chain.driftMs > MAX_DRIFT_MS) {
    const seconds = Math.round(chain.driftMs / 1000);
    problems.push({
      code: 'CLOCK_DRIFT',
      message: `This machine's clock is ${seconds} s behind the chain. Set it by a time server.`,
    });
  }
  if (state === 'serving' && foundation.registry.nodeOf(foundation.node)?.active === false) {
    const message = 'The registry does not count this node as active: its stake is below the minimum.';
    problems.push({ code: 'NODE_INACTIVE', message });
  }
  const reached = capReached(foundation);
  if (reached !== undefined)
    problems.push({ code: 'MONTHLY_CAP_REACHED', message: `Nothing more is sent: ${reached}.` });
  const { refusal } = foundation.journal;
  if (refusal !== undefined) problems.push({ code: refusal.code, message: refusal.message });
  for (const { dealId, code, message } of edge?.filling.troubles() ?? []) {
    problems.push({ code, message: `Content of deal ${dealId} is not complete: ${message}` });
  }
  return problems;
}

/** Why a node that serves takes nothing new; empty when it does. */
export function refusesNewWork(foundation: Foundation): string[] {
  const reached = capReached(foundation);
  return [
    ...(foundation.drain.isSet ? ['The operator is draining this node.'] : []),
    ...(reached === undefined ? [] : [`It stops: ${reached}.`]),
  ];
}

/** The clause that says so when no more bytes may leave this month. */
function capReached({ traffic }: Foundation): string | undefined {
  const figures = traffic?.figures();
  if (figures?.isUsedUp !== true) return undefined;
  const until = new Date(figures.resetsAtMs).toISOString().slice(0, 10);
  return `the monthly cap of ${formatSize(figures.capBytes)} is used up until ${until}`;
}

function trafficOf({ traffic }: Foundation): StatusDocument['traffic'] {
  const figures = traffic?.figures();
  if (figures === undefined) return null;
  const { month, bytes, capBytes, resetsAtMs } = figures;
  const resetsAt = new Date(resetsAtMs).toISOString();
  return { month, sentBytes: String(bytes), capBytes: String(capBytes), resetsAt };
}

/** What decides the sentence that the status ends with. */
function earningFacts(
  { foundation, trouble, state, peer }: StatusSources,
  problems: StatusDocument['problems'],
): EarningFacts {
  const { node, registry, drain, directory, blocks, config } = foundation;
  return {
    ...{ node, role: config.settings.role, state, trouble },
    drains: drain.isSet,
    capReached: capReached(foundation),
    registered: registry.nodeOf(node),
    deals: directory.own(),
    isComplete: (root) => blocks.isComplete(root),
    problem: problems[0]?.message,
    offered: peer?.offered(),
  };
}

/** Bytes of all deals, and those that a crash now would leave unpaid. */
export function bytesOf(delivery: DeliveryPlane | undefined): StatusDocument['bytes'] {
  const sum = { served: 0, receipted: 0, durable: 0, atRisk: 0, lost: 0 };
  for (const meter of delivery?.ledger.meters() ?? []) {
    sum.served += meter.servedBytes;
    sum.receipted += meter.receiptedBytes;
    sum.durable += meter.durableBytes;
    sum.atRisk += meter.atRiskBytes;
    sum.lost += meter.lostBytes;
  }
  return {
    served: String(sum.served),
    receipted: String(sum.receipted),
    durable: String(sum.durable),
    atRisk: String(sum.atRisk),
    lost: String(sum.lost),
  };
}

/** Null for a peer, and while an edge is not in the ring (again). */
export function ringOf({ edge, state }: StatusSources): StatusDocument['ring'] {
  if (edge === undefined || state === 'starting' || !edge.ring.isRunning) return null;
  const { members, lookups, oneHop } = edge.ring.stats();
  return { members, lookups, oneHop };
}

function groupOf(edge: EdgePlane | undefined): StatusDocument['group'] {
  const stats = edge?.group.stats();
  if (stats === undefined) return null;
  const { members, claimedContents, summaryBytes, beyondTwoHops, falsePositives } = stats;
  const routed = { own: stats.routedOwn, group: stats.routedGroup, ring: stats.routedRing };
  return { members, claimedContents, summaryBytes, routed, beyondTwoHops, falsePositives };
}

function originsOf(
  { edge, foundation }: StatusSources,
  contents: readonly ContentSummary[],
): StatusDocument['origins'] {
  return (edge?.filling.origins() ?? []).map(({ bytes, fetchedBytes, trouble, ...use }) => {
    const root = foundation.directory.known(use.dealId)?.deal.contentRoot;
    const content = contents.find((stored) => stored.root === root);
    return {
      ...use,
      ...{ bytes: String(bytes), fetchedBytes: String(fetchedBytes) },
      storedBytes: String(content?.bytes ?? 0),
      complete: content?.complete ?? false,
      trouble: trouble ?? null,
    };
  });
}

function carriageOf({ carriage }: StatusSources): StatusDocument['carriage'] {
  const figures = carriage?.figures();
  if (figures === undefined) return null;
  const { sharePercent, carriedBytes, transitBytes, grants, deals } = figures;
  return { sharePercent, carriedBytes: String(carriedBytes), transitBytes, grants, deals };
}

function contributedBytesOf({ peerStore }: StatusSources): string | null {
  if (peerStore === undefined) return null;
  return String(peerStore.accounts().reduce((sum, { handedBytes }) => sum + handedBytes, 0n));
}

function settlementOf({ edge, foundation, state }: StatusSources): StatusDocument['settlement'] {
  const last = edge?.settlement.last;
  const plan = edge === undefined || state === 'starting' ? undefined : edge.settlement.plan();
  const due = plan?.steps.reduce((sum, step) => sum + step.dueWei, 0n) ?? 0n;
  const nextMs = plan?.nextWakeMs ?? foundation.clock.nowMs();
  return {
    lastAt: last === undefined ? null : new Date(last.atMs).toISOString(),
    lastPaidWei: last?.paidWei.toString() ?? null,
    lastTransaction: last?.transaction ?? null,
    dueWei: due.toString(),
    nextAt: new Date(nextMs).toISOString(),
  };
}

function moneyOf(summary: EarningsSummary): StatusDocument['money'] {
  return {
    bytes: summary.bytes.toString(),
    meteredWei: summary.meteredWei.toString(),
    paidWei: summary.paidWei.toString(),
    voucherDueWei: summary.voucherDueWei.toString(),
    inClaimWei: summary.inClaimWei.toString(),
    unsettledWei: summary.unsettledWei.toString(),
    lostWei: summary.lostWei.toString(),
    gasCostWei: summary.gasCostWei.toString(),
    openClaims: summary.openClaims,
  };
}

/** What the gateway tells everybody. */
export function publicStatus(sources: StatusSources): Readonly<Record<string, unknown>> {
  const { foundation, state } = sources;
  const { settings, deployment } = foundation.config;
  const nowMs = foundation.chainClock.nowMs();
  const terms = foundation.store.terms();
  const usage = foundation.blocks.usage();
  return {
    schema: 'bcdn-node/public-status/1',
    operator: foundation.node,
    peerId: sources.peerId,
    role: settings.role,
    region: settings.region,
    state,
    chainId: deployment.chainId.toString(),
    market: deployment.market,
    multiaddrs: sources.multiaddrs,
    ringMembers: ringOf(sources)?.members ?? 0,
    lastEndedEpoch: terms === undefined ? null : (lastRipeEpoch(nowMs, terms.epochSeconds) ?? null),
    // Publishers' quotes pass by a node that has no room for them.
    capacity: {
      freeDiskBytes: String(Math.max(0, usage.quotaBytes - usage.usedBytes)),
      uplinkBytesPerSecond: settings.uploadCap === undefined ? null : String(settings.uploadCap),
    },
  };
}

/** What is exported for monitoring. */
export function nodeFigures(sources: StatusSources): NodeFigures {
  const { foundation, chain, edge, state, delivery } = sources;
  const usage = foundation.blocks.usage();
  const bytes = bytesOf(delivery);
  return {
    ready: state === 'serving',
    chainConnected: chain.state === 'connected',
    chainBlock: chain.block,
    diskUsedBytes: usage.usedBytes,
    diskLimitBytes: usage.quotaBytes,
    contentsComplete: foundation.blocks.contents().filter(({ complete }) => complete).length,
    atRiskBytes: Number(bytes.atRisk),
    receiptedBytes: Number(bytes.receipted),
    ringMembers: ringOf(sources)?.members ?? 0,
    journalBytes: foundation.journal.sizeBytes,
    draining: foundation.drain.isSet,
    month: monthOf(foundation),
    group: edge?.group.stats(),
    carriedBytes: sources.carriage?.figures().carriedBytes ?? 0,
    transitBytes: sources.carriage?.figures().transitBytes ?? 0,
    originBytes: edge?.filling.originBytes ?? 0,
    originsFailing: edge?.filling.origins().filter(({ trouble }) => trouble !== undefined).length ?? 0,
  };
}

function monthOf({ traffic }: Foundation): MonthFigures | undefined {
  const figures = traffic?.figures();
  if (figures === undefined) return undefined;
  const { bytes: sentBytes, capBytes, isUsedUp, resetsAtMs } = figures;
  return { sentBytes, capBytes, isUsedUp, resetsAtSeconds: Math.floor(resetsAtMs / 1_000) };
}
