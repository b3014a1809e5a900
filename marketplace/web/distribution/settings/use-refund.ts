import { useRef } from 'preact/hooks';

import type { RefundNow } from '../../../../sdk/chain/market-calls.ts';
import { useMarketData } from '../../market-data/use-market-data.ts';
import { fetchMoney } from '../deal-figures.ts';
import { AwaitedPayments } from './awaited-payments.ts';
import type { DealAtHand } from './deal-actions.ts';

const REFUND_EVERY_MS = 3_000;

/** What can be had back at a moment. */
export interface RefundAtHand {
  readonly now: RefundNow;
  /** All of it together. */
  readonly wei: bigint;
  /** Nodes that are left out of it, because they are about to be paid. */
  readonly awaited: readonly string[];
  /** Balances of nodes that cannot be had back yet, or are left out. */
  readonly heldWei: bigint;
}

/** Asks the chain itself, again and again, what can be had back of a deal; undefined until it has answered. */
export function useRefund(deal: DealAtHand): RefundAtHand | undefined {
  const payments = useRef(new AwaitedPayments());
  const { value } = useMarketData((signal) => refundAtHand(deal, payments.current, signal), {
    key: `${deal.dealId} ${deal.nodes.length}`,
    everyMs: REFUND_EVERY_MS,
  });
  return value;
}

async function refundAtHand(
  deal: DealAtHand,
  payments: AwaitedPayments,
  signal: AbortSignal,
): Promise<RefundAtHand> {
  const { refundNow, refundWei } = await import('./deal-actions.ts');
  const all = await refundNow(deal);
  const awaited = all.thawedNodes.length === 0 ? [] : await awaitedOf(deal, all, { payments, signal });
  const now = awaited.length === 0 ? all : await refundNow(without(deal, awaited));
  const heldWei = all.heldWei + all.thawedWei - now.thawedWei;
  return { now, wei: refundWei(now), awaited, heldWei };
}

async function awaitedOf(
  { dealId }: DealAtHand,
  { thawedNodes }: RefundNow,
  { payments, signal }: { readonly payments: AwaitedPayments; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  try {
    return payments.among(thawedNodes, await fetchMoney(dealId, signal), performance.now());
  } catch {
    signal.throwIfAborted();
    // The money is the chain's to give: a marketplace that is away does not hold it up.
    return [];
  }
}

/** The deal as far as other nodes are concerned. */
export function without(deal: DealAtHand, nodes: readonly string[]): DealAtHand {
  return { ...deal, nodes: deal.nodes.filter(({ node }) => !nodes.includes(node)) };
}
