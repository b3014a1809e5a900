import {
  closeDeal,
  readAllocation,
  readChainTime,
  readDeal,
  readMarketTerms,
  release,
  withdraw,
} from '../chain/deals.ts';
import type { AllocationRecord, DealRecord } from '../chain/deals.ts';
import { peerPoolOf, releasePeerPool, thawPeerPool, type PeerPoolRecord } from '../chain/peer-pool.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { systemClock, type Clock } from '../pacing/clock.ts';
import { MarketplaceApi } from '../client/marketplace-api.ts';
import { UndiciExchange } from '../client/undici-exchange.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { waitForLastPayments, type PaymentWait, type UnpaidNodes } from './last-payments.ts';
import { PublishError } from './publish-error.ts';
import { MAX_NODES_PER_CALL, THAW_GRACE_MS, THAW_POLL_MS } from './publish-limits.ts';

/** The distribution to end. */
export interface CloseRequest {
  readonly sender: TransactionSender;
  readonly dealId: DealId;
  /** Every node that the deal ever allocated tokens to. */
  readonly nodes: readonly Address[];
  /** Who gets what is left. @default the publisher itself */
  readonly to?: Address | undefined;
  /**
   * The coordinator of the deal: nodes that are not paid yet by its books are waited for after the thaw, a minute at most,
   * before their allocations are taken back. @default nobody is asked: the chain's thaw is all that nodes have
   */
  readonly marketplaceUrl?: string | undefined;
}

export type CloseProgress =
  | { readonly phase: 'closing' }
  | { readonly phase: 'thawing'; readonly secondsLeft: number }
  /** The thaw is over, and these nodes have not been paid all yet; undefined while the coordinator does not answer. */
  | { readonly phase: 'paying'; readonly nodes: readonly Address[] | undefined; readonly secondsLeft: number }
  | { readonly phase: 'releasing' }
  | { readonly phase: 'withdrawing'; readonly amountWei: bigint };

export interface CloseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CloseProgress) => void) | undefined;
  /** @default that of the machine */
  readonly clock?: Clock | undefined;
  /** How the coordinator is asked. @default its HTTP interface */
  readonly unpaidNodes?: UnpaidNodes | undefined;
}

/** Where the deposit went: `spentWei + refundedWei` is what was escrowed, to the last unit. */
export interface Closed {
  /** Paid to nodes, protocol fee included, and to peers. */
  readonly spentWei: bigint;
  /** Part of it that peers were paid from the deal's peer pool. */
  readonly paidToPeersWei: bigint;
  /** Withdrawn by this call. */
  readonly refundedWei: bigint;
  /** Nodes that were waited for in vain: what they had not settled has come back, too. */
  readonly unpaidNodes: readonly Address[];
}

/**
 * Begins to end a distribution: closes the deal and starts the thaw of its allocations and its peer pool. Calling it again
 * changes nothing.
 *
 * @returns when the last of it has thawed, seconds since 1970 by the chain's clock; 0 if nothing thaws
 * @throws PublishError CLOSE_INCOMPLETE; ChainError; the signal's reason
 */
export async function beginClosing(request: CloseRequest, options: CloseOptions = {}): Promise<number> {
  const { sender, dealId } = request;
  const { signal, onProgress } = options;
  const { state } = await requireDeal(request);
  const before = await allocationsOf(request);
  const active = before.filter((allocation) => allocation.state === 'active').map(({ node }) => node);
  if (state === 'open' || active.length > 0) {
    onProgress?.({ phase: 'closing' });
    for (const batch of inBatches(active)) await closeDeal(sender, dealId, batch, signal);
  }
  const pool = await peerPoolOf(sender.provider, sender.deployment, dealId);
  if (isHeld(pool) && pool.thawEndEpoch === undefined) await thawPeerPool(sender, dealId, signal);
  const { epochSeconds } = await readMarketTerms(sender.provider, sender.deployment);
  return (await lastThawEnd(request)) * epochSeconds;
}

/**
 * Ends a distribution: closes the deal, waits until its allocations and its peer pool have thawed and its nodes are paid,
 * takes back what is left and withdraws it. Every step looks at the chain first, so an interrupted call can simply be made again.
 *
 * @throws PublishError CLOSE_INCOMPLETE; ChainError; the signal's reason
 */
export async function closeDistribution(request: CloseRequest, options: CloseOptions = {}): Promise<Closed> {
  const { sender, dealId, nodes } = request;
  const { signal, onProgress } = options;
  await beginClosing(request, options);
  await waitForThaw(request, options);
  const unpaidNodes = await unpaidAfterThaw(request, options);
  const thawed = (await allocationsOf(request)).filter((allocation) => allocation.state === 'thawing');
  onProgress?.({ phase: 'releasing' });
  for (const batch of inBatches(thawed.map(({ node }) => node))) {
    if (batch.length > 0) await release(sender, dealId, batch, signal);
  }
  if (isHeld(await peerPoolOf(sender.provider, sender.deployment, dealId))) {
    await releasePeerPool(sender, dealId, signal);
  }
  const { freeWei, openAllocations } = await requireDeal(request);
  onProgress?.({ phase: 'withdrawing', amountWei: freeWei });
  if (freeWei > 0n) {
    await withdraw(sender, dealId, { amountWei: freeWei, to: request.to ?? sender.address }, signal);
  }
  if (openAllocations > 0) throw withUnnamedNodes(dealId, openAllocations);
  const after = await allocationsOf({ sender, dealId, nodes });
  const { claimedWei: paidToPeersWei } = await peerPoolOf(sender.provider, sender.deployment, dealId);
  const spentWei = after.reduce((sum, { paidWei }) => sum + paidWei, paidToPeersWei);
  return { spentWei, paidToPeersWei, refundedWei: freeWei, unpaidNodes };
}

/** A node that was slow, or whose coordinator was, must not lose what it delivered to a publisher in a hurry. */
async function unpaidAfterThaw(request: CloseRequest, options: CloseOptions): Promise<readonly Address[]> {
  const { marketplaceUrl, dealId } = request;
  const { signal, onProgress, unpaidNodes, clock = systemClock } = options;
  const isThawing = (await allocationsOf(request)).some(({ state }) => state === 'thawing');
  const onWait = (wait: PaymentWait): void => onProgress?.({ phase: 'paying', ...wait });
  if (!isThawing) return [];
  if (unpaidNodes !== undefined) return waitForLastPayments({ ask: unpaidNodes, clock }, { signal, onWait });
  if (marketplaceUrl === undefined) return [];
  const http = new UndiciExchange();
  try {
    const api = new MarketplaceApi({ http, clock }, marketplaceUrl);
    const ask: UnpaidNodes = (at) => api.unpaidNodes(dealId, at);
    return await waitForLastPayments({ ask, clock }, { signal, onWait });
  } finally {
    await http.close();
  }
}

/** Whether a pool holds money that peers have not claimed. */
function isHeld({ fundedWei, claimedWei }: PeerPoolRecord): boolean {
  return fundedWei > claimedWei;
}

/** Waits until the chain's own clock has reached the last thaw's end. */
async function waitForThaw(request: CloseRequest, { signal, onProgress }: CloseOptions): Promise<void> {
  const { sender } = request;
  const { epochSeconds } = await readMarketTerms(sender.provider, sender.deployment);
  let waitedMs = 0;
  for (let limitMs = 0; ;) {
    // A root that is posted meanwhile gives its peers more time, and so prolongs the thaw of the pool.
    const endSeconds = (await lastThawEnd(request)) * epochSeconds;
    const secondsLeft = endSeconds - (await readChainTime(sender.provider));
    if (secondsLeft <= 0) return;
    onProgress?.({ phase: 'thawing', secondsLeft });
    limitMs = Math.max(limitMs, secondsLeft * 1000 + THAW_GRACE_MS);
    if (waitedMs >= limitMs) throw incomplete(request.dealId, secondsLeft);
    await sender.pause(THAW_POLL_MS, signal);
    waitedMs += THAW_POLL_MS;
  }
}

/** First epoch in which all that thaws can be taken back; 0 if nothing thaws. */
async function lastThawEnd(request: CloseRequest): Promise<number> {
  const { sender, dealId } = request;
  const [allocations, pool] = await Promise.all([
    allocationsOf(request),
    peerPoolOf(sender.provider, sender.deployment, dealId),
  ]);
  return Math.max(0, pool.thawEndEpoch ?? 0, ...allocations.map(({ thawEndEpoch }) => thawEndEpoch ?? 0));
}

async function requireDeal({ sender, dealId }: CloseRequest): Promise<DealRecord> {
  const deal = await readDeal(sender.provider, sender.deployment, dealId);
  if (deal !== undefined) return deal;
  throw new PublishError('CLOSE_INCOMPLETE', `There is no deal ${dealId}.`, {
    values: { dealId },
    remedy: 'Check the deal id and the chain.',
  });
}

async function allocationsOf({ sender, dealId, nodes }: CloseRequest): Promise<AllocationRecord[]> {
  const found: AllocationRecord[] = [];
  for (const node of nodes) {
    const allocation = await readAllocation(sender.provider, sender.deployment, { dealId, node });
    if (allocation !== undefined) found.push(allocation);
  }
  return found;
}

/** At least one batch: closing a deal without allocations is a call as well. */
function inBatches(nodes: readonly Address[]): Address[][] {
  const batches: Address[][] = [];
  for (let at = 0; at === 0 || at < nodes.length; at += MAX_NODES_PER_CALL) {
    batches.push(nodes.slice(at, at + MAX_NODES_PER_CALL));
  }
  return batches;
}

/** Whoever named the nodes did not know of all: an index that was behind, or another window of the same publisher. */
function withUnnamedNodes(dealId: DealId, allocations: number): PublishError {
  return new PublishError(
    'CLOSE_INCOMPLETE',
    `${allocations} allocation(s) of the deal are of nodes that were not named, and hold money still.`,
    {
      values: { dealId, allocations },
      remedy:
        'Close it again when the marketplace knows all nodes of the deal: what is thawed by then comes back.',
    },
  );
}

function incomplete(dealId: DealId, secondsLeft: number): PublishError {
  return new PublishError(
    'CLOSE_INCOMPLETE',
    'The clock of the chain does not advance to the end of the thaw.',
    {
      values: { dealId, secondsLeft },
      remedy: 'Call again later: the deal is closing and nothing is lost.',
    },
  );
}
