import {
  allocate,
  readAllocation,
  readChainTime,
  readDeal,
  readMarketTerms,
  release,
  thaw,
  type AllocationRecord,
  type AllocationRequest,
  type DealRecord,
} from '../chain/deals.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { equalAllocations } from './equal-allocations.ts';
import { PublishError } from './publish-error.ts';
import { MAX_NODES_PER_CALL } from './publish-limits.ts';

/** A distribution that is to rest or to go on. */
export interface PausableDistribution {
  readonly sender: TransactionSender;
  readonly dealId: DealId;
  /** Every node that the deal ever allocated tokens to. */
  readonly nodes: readonly Address[];
}

/** What pausing did. */
export interface Paused {
  /** Whose allocations thaw now. */
  readonly thawing: readonly Address[];
  /** When the last of them has thawed, seconds since 1970 by the chain's clock; undefined if none thaws. */
  readonly thawEndsAt: number | undefined;
}

/**
 * Thaws every allocation of a deal that stays open: no new grants are issued, nodes are paid what they have delivered, and
 * the rest can be taken back after the thaw. Calling it again changes nothing.
 * @throws PublishError DEAL_UNKNOWN, DEAL_ENDED; ChainError
 */
export async function pauseDistribution(
  distribution: PausableDistribution,
  signal?: AbortSignal,
): Promise<Paused> {
  const { sender, dealId } = distribution;
  await requireOpenDeal(distribution);
  const active = (await allocationsOf(distribution)).filter(({ state }) => state === 'active');
  for (const batch of inBatches(active.map(({ node }) => node))) await thaw(sender, dealId, batch, signal);
  const thawing = (await allocationsOf(distribution)).filter(({ state }) => state === 'thawing');
  const { epochSeconds } = await readMarketTerms(sender.provider, sender.deployment);
  const ends = thawing.map(({ thawEndEpoch = 0 }) => thawEndEpoch * epochSeconds);
  return {
    thawing: thawing.map(({ node }) => node),
    thawEndsAt: ends.length === 0 ? undefined : Math.max(...ends),
  };
}

/** Money for nodes out of the free part of a deal. */
export interface Allocated {
  readonly requests: readonly AllocationRequest[];
  readonly allocatedWei: bigint;
}

/**
 * Lets a paused distribution go on: takes back what has thawed, and gives the deal's free money to its nodes in equal
 * shares, at the rates they had. What has not thawed yet is theirs again at once.
 * @throws PublishError DEAL_UNKNOWN, DEAL_ENDED, MONEY_SHORT; ChainError
 */
export async function resumeDistribution(
  distribution: PausableDistribution,
  signal?: AbortSignal,
): Promise<Allocated> {
  const { sender, dealId } = distribution;
  await requireOpenDeal(distribution);
  const allocations = await allocationsOf(distribution);
  const { epochSeconds } = await readMarketTerms(sender.provider, sender.deployment);
  const now = await readChainTime(sender.provider);
  const thawed = allocations.filter(
    ({ thawEndEpoch }) => thawEndEpoch !== undefined && thawEndEpoch * epochSeconds <= now,
  );
  for (const batch of inBatches(thawed.map(({ node }) => node))) await release(sender, dealId, batch, signal);
  const resting = allocations.filter(({ state }) => state !== 'active');
  if (resting.length === 0) return { requests: [], allocatedWei: 0n };
  return allocateFree(distribution, resting, signal);
}

async function allocateFree(
  distribution: PausableDistribution,
  to: readonly AllocationRecord[],
  signal: AbortSignal | undefined,
): Promise<Allocated> {
  const { sender, dealId } = distribution;
  const { freeWei } = await requireOpenDeal(distribution);
  const needWei = BigInt(to.length);
  if (freeWei < needWei) {
    throw new PublishError(
      'MONEY_SHORT',
      `The deal has ${freeWei} wei that are free; this needs ${needWei}.`,
      {
        values: { dealId, freeWei, needWei },
        remedy: `Top it up with \`bcdn deal top-up ${dealId} AMOUNT\`.`,
      },
    );
  }
  const requests = equalAllocations(to, freeWei);
  for (let at = 0; at < requests.length; at += MAX_NODES_PER_CALL) {
    await allocate(sender, dealId, requests.slice(at, at + MAX_NODES_PER_CALL), signal);
  }
  return { requests, allocatedWei: freeWei };
}

/** @throws PublishError DEAL_UNKNOWN, DEAL_ENDED; ChainError */
export async function requireOpenDeal({
  sender,
  dealId,
}: Pick<PausableDistribution, 'sender' | 'dealId'>): Promise<DealRecord> {
  const deal = await readDeal(sender.provider, sender.deployment, dealId);
  if (deal?.state === 'open') return deal;
  if (deal === undefined) {
    throw new PublishError('DEAL_UNKNOWN', `There is no deal ${dealId}.`, {
      values: { dealId },
      remedy: 'Check the deal id and the chain.',
    });
  }
  throw new PublishError('DEAL_ENDED', `The deal ${dealId} was closed.`, {
    values: { dealId, state: deal.state },
    remedy: 'Open another one with `bcdn publish`.',
  });
}

/** What the chain says of each node's allocation. @throws ChainError */
export async function allocationsOf({
  sender,
  dealId,
  nodes,
}: PausableDistribution): Promise<AllocationRecord[]> {
  const { provider, deployment } = sender;
  const found = nodes.map(async (node) => readAllocation(provider, deployment, { dealId, node }));
  return (await Promise.all(found)).filter((allocation) => allocation !== undefined);
}

function inBatches(nodes: readonly Address[]): Address[][] {
  const batches: Address[][] = [];
  for (let at = 0; at < nodes.length; at += MAX_NODES_PER_CALL)
    batches.push(nodes.slice(at, at + MAX_NODES_PER_CALL));
  return batches;
}
