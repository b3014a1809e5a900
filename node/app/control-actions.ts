import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { ControlActions } from './control/control-server.ts';
import {
  dropQuestion,
  earningsQuestion,
  withdrawQuestion,
  type SettleDocument,
  type SettlePreviewDocument,
  type StatusDocument,
} from './control/documents.ts';
import {
  priceQuestion,
  stakeQuestion,
  unstakeQuestion,
  type PriceDocument,
} from './control/account-documents.ts';
import { drainQuestion } from './control/drain-documents.ts';
import { MAX_LISTED_EDGES, type RingViewDocument } from './control/support-documents.ts';
import { runningEarningsDocument } from './earnings/running-earnings.ts';
import { settlePreview } from './earnings/settle-preview.ts';
import type { Foundation } from './foundation.ts';
import type { Reachability } from './doctor/reachability.ts';
import type { Draining } from './draining/draining.ts';
import { NodeError } from './node-error.ts';
import { changePrice, priceStanding } from './operator-account/price.ts';
import { stakeMore, stakeStanding, takeUnbonded, unstake } from './operator-account/stake.ts';
import { withdraw, withdrawalPreview } from './operator-account/withdrawal.ts';
import type { PeerStore } from './peers/peer-store.ts';
import type { SettlementLoop } from './settlement/settlement-loop.ts';

/** What the control door reaches. */
export interface ControlTies {
  readonly foundation: Foundation;
  status(): Promise<StatusDocument>;
  /** Undefined until the node settles, and on peers. */
  settlement(): SettlementLoop | undefined;
  /** Undefined on edges, and before a peer has started. */
  peerStore(): PeerStore | undefined;
  /** Members of the ring as this node sees it; null for a peer, and before it has joined. */
  readonly ringMembers: () => number | null;
  /** All figures of the node as its gateway exports them. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** Undefined until the node listens. */
  reachability(): Reachability | undefined;
  readonly draining: Pick<Draining, 'begin' | 'cancel' | 'report'>;
  /** Looks at every deal's content again: some may have become incomplete. */
  fillAgain(): void;
  readonly signal: AbortSignal;
}

/** What a running node does for its operator's command line. */
export function controlActions(ties: ControlTies): ControlActions {
  return {
    '/status': () => ties.status(),
    '/earnings': async (body) => {
      const { by } = decode(earningsQuestion, body);
      return runningEarningsDocument(ties.foundation, ties.peerStore(), by);
    },
    '/settle/preview': () => preview(ties),
    '/settle': () => settle(ties),
    '/withdraw/preview': async (body) =>
      withdrawalPreview(ties.foundation, decode(withdrawQuestion, body), payoutOf(ties)),
    '/withdraw': async (body) => {
      const wish = decode(withdrawQuestion, body);
      return withdraw(ties.foundation, { wish, payout: payoutOf(ties), signal: ties.signal });
    },
    '/stake': async (body) => {
      const { amountWei } = decode(stakeQuestion, body);
      if (amountWei === undefined) return stakeStanding(ties.foundation);
      return stakeMore(ties.foundation, BigInt(amountWei), ties.signal);
    },
    '/unstake': async (body) => {
      const { amountWei, what } = decode(unstakeQuestion, body);
      if (what === 'withdraw') return takeUnbonded(ties.foundation, ties.signal);
      const wanted = amountWei === undefined ? undefined : BigInt(amountWei);
      return unstake(ties.foundation, wanted, ties.signal);
    },
    '/price': (body) => price(ties, decode(priceQuestion, body)),
    '/metrics': async () => {
      const { contentType, body } = await ties.metrics();
      return { contentType, text: body };
    },
    '/ring': async () => ringView(ties),
    '/reachability': async () => requireReachability(ties).check(ties.signal),
    '/drain': async (body) => {
      const { what } = decode(drainQuestion, body);
      return ties.draining[what]();
    },
    '/blocks/drop-damaged': async (body) => {
      const dropped = await ties.foundation.blocks.dropDamaged(decode(dropQuestion, body).digests);
      if (dropped.length > 0) ties.fillAgain();
      return { dropped };
    },
  };
}

function payoutOf({ foundation }: ControlTies): Address {
  return foundation.config.settings.payout;
}

async function price(
  { foundation, signal }: ControlTies,
  question: { askWeiPerGib?: string | undefined },
): Promise<PriceDocument> {
  const { config } = foundation;
  if (question.askWeiPerGib === undefined) return priceStanding(foundation, config);
  const askWeiPerGib = BigInt(question.askWeiPerGib);
  const changed = await changePrice(foundation, config, { askWeiPerGib, signal });
  await foundation.registry.refresh();
  return changed;
}

async function preview(ties: ControlTies): Promise<SettlePreviewDocument> {
  const settlement = requireSettlement(ties);
  const { plan: requested, gasPriceWei } = await settlement.preview(true);
  const { plan: automatic } = await settlement.preview(false);
  const { gasTokenWei } = ties.foundation.config.settings;
  return settlePreview({ requested, automatic, gasPriceWei, gasTokenWei });
}

async function settle(ties: ControlTies): Promise<SettleDocument> {
  const report = await requireSettlement(ties).settle(true, ties.signal);
  return {
    paidWei: report.paidWei.toString(),
    gasCostWei: report.gasCostWei.toString(),
    transactions: [...report.transactions],
    waiting: report.waiting.map(({ dealId, reason, dueWei, message }) => ({
      ...{ dealId, reason, dueWei: dueWei.toString(), message },
    })),
    failures: report.failures.map(({ dealId, code, message, remedy }) => ({
      dealId,
      code,
      message,
      ...(remedy === undefined ? {} : { remedy }),
    })),
  };
}

function ringView({ foundation, ringMembers }: ControlTies): RingViewDocument {
  const edges = foundation.registry.activeEdges();
  return {
    members: ringMembers(),
    registered: edges.length,
    edges: edges.slice(0, MAX_LISTED_EDGES).map(({ operator, region, nid, endpoints }) => ({
      ...{ operator, region, nid: nid ?? null, endpoints: endpoints.length },
    })),
  };
}

function requireReachability(ties: ControlTies): Reachability {
  const reachability = ties.reachability();
  if (reachability !== undefined) return reachability;
  throw new NodeError('NODE_NOT_READY', {
    message: 'The node is still starting.',
    remedy: 'See `bcdn-node status` for what it is waiting for.',
  });
}

function requireSettlement(ties: ControlTies): SettlementLoop {
  const settlement = ties.settlement();
  if (settlement !== undefined) return settlement;
  const peer = ties.foundation.config.settings.role === 'peer';
  throw new NodeError('NODE_NOT_READY', {
    message: peer
      ? 'A peer holds no allocation: peer pools pay it by roots, which it claims by itself.'
      : 'The node is still starting.',
    remedy: peer
      ? 'See `bcdn-node earnings` for what it is owed and paid.'
      : 'See `bcdn-node status` for what it is waiting for.',
  });
}

function decode<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  body: unknown,
): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new NodeError('CONTROL_MALFORMED', {
    message: 'The request to the node cannot be used.',
    remedy: 'Use the command line and the node in the same version.',
  });
}
