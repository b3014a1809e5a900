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
import type { TransactionSender } from '../chain/transactions.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
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
}

export type CloseProgress =
  | { readonly phase: 'closing' }
  | { readonly phase: 'thawing'; readonly secondsLeft: number }
  | { readonly phase: 'releasing' }
  | { readonly phase: 'withdrawing'; readonly amountWei: bigint };

export interface CloseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CloseProgress) => void) | undefined;
}

/** Where the deposit went: `spentWei + refundedWei` is what was escrowed, to the last unit. */
export interface Closed {
  /** Paid to nodes, protocol fee included. */
  readonly spentWei: bigint;
  /** Withdrawn by this call. */
  readonly refundedWei: bigint;
}

/**
 * Ends a distribution: closes the deal, waits until its allocations have thawed, takes them back and withdraws all that
 * was not earned. Every step looks at the chain first, so an interrupted call can simply be made again.
 *
 * @throws PublishError CLOSE_INCOMPLETE; ChainError; the signal's reason
 */
export async function closeDistribution(request: CloseRequest, options: CloseOptions = {}): Promise<Closed> {
  const { sender, dealId, nodes } = request;
  const { signal, onProgress } = options;
  const { state } = await requireDeal(request);
  const before = await allocationsOf(request);
  const active = before.filter((allocation) => allocation.state === 'active').map(({ node }) => node);
  if (state === 'open' || active.length > 0) {
    onProgress?.({ phase: 'closing' });
    for (const batch of inBatches(active)) await closeDeal(sender, dealId, batch, signal);
  }
  await waitForThaw(request, options);
  const thawed = (await allocationsOf(request)).filter((allocation) => allocation.state === 'thawing');
  onProgress?.({ phase: 'releasing' });
  for (const batch of inBatches(thawed.map(({ node }) => node))) {
    if (batch.length > 0) await release(sender, dealId, batch, signal);
  }
  const { freeWei } = await requireDeal(request);
  onProgress?.({ phase: 'withdrawing', amountWei: freeWei });
  if (freeWei > 0n) {
    await withdraw(sender, dealId, { amountWei: freeWei, to: request.to ?? sender.address }, signal);
  }
  const after = await allocationsOf({ sender, dealId, nodes });
  return { spentWei: after.reduce((sum, { paidWei }) => sum + paidWei, 0n), refundedWei: freeWei };
}

/** Waits until the chain's own clock has reached the last thaw's end. */
async function waitForThaw(request: CloseRequest, { signal, onProgress }: CloseOptions): Promise<void> {
  const { sender } = request;
  const [{ epochSeconds }, allocations] = await Promise.all([
    readMarketTerms(sender.provider, sender.deployment),
    allocationsOf(request),
  ]);
  const thawEnds = allocations.flatMap(({ thawEndEpoch }) => thawEndEpoch ?? []);
  if (thawEnds.length === 0) return;
  const endSeconds = Math.max(...thawEnds) * epochSeconds;
  let waitedMs = 0;
  let limitMs: number | undefined;
  for (;;) {
    const secondsLeft = endSeconds - (await readChainTime(sender.provider));
    if (secondsLeft <= 0) return;
    onProgress?.({ phase: 'thawing', secondsLeft });
    limitMs ??= secondsLeft * 1000 + THAW_GRACE_MS;
    if (waitedMs >= limitMs) throw incomplete(request.dealId, secondsLeft);
    await sender.pause(THAW_POLL_MS, signal);
    waitedMs += THAW_POLL_MS;
  }
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
