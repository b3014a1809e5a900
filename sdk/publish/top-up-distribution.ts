import type { AllocationRequest } from '../chain/deals.ts';
import { topUpCall } from '../chain/market-calls.ts';
import { signPermit } from '../chain/permits.ts';
import { fromChain } from '../chain/reverts.ts';
import { readTokenBalance } from '../chain/tokens.ts';
import { findTopUp } from '../chain/top-ups.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { DealId } from '../protocol/identifiers.ts';
import { equalAllocations } from './equal-allocations.ts';
import { allocationsOf, requireOpenDeal, type PausableDistribution } from './pause-distribution.ts';
import { PublishError } from './publish-error.ts';
import { untilNothingPending } from './until-nothing-pending.ts';

/** What is written down before a top-up is sent. */
export interface TopUpRecord {
  readonly dealId: DealId;
  readonly amountWei: bigint;
  /** The chain's newest block then: the top-up is in a later one or in none. */
  readonly afterBlock: number;
}

/** Where such a record is kept until the top-up is known to be mined. */
export interface TopUpJournal {
  read(): Promise<TopUpRecord | undefined>;
  /** Returns once the record would survive a power cut. */
  write(record: TopUpRecord): Promise<void>;
  remove(): Promise<void>;
}

export interface TopUpRequest {
  readonly amountWei: bigint;
  /** Leaves the money in the free part of the deal. @default false: the nodes that serve it get equal shares */
  readonly keepsFree?: boolean;
  readonly journal: TopUpJournal;
  readonly signal?: AbortSignal;
}

/** A top-up on the chain. */
export interface ToppedUp {
  readonly amountWei: bigint;
  readonly transaction: Hex;
  /** Who was given it. */
  readonly allocations: readonly AllocationRequest[];
}

/**
 * Finds out what became of a top-up that was interrupted: waits until nothing of the account is pending, then asks the
 * chain. The record is removed: either it is paid, or the next transaction of the account takes its place for good.
 * @returns undefined if none was interrupted, or if it never reached the chain
 * @throws PublishError JOURNAL_UNUSABLE; ChainError
 */
export async function interruptedTopUp(
  { sender, dealId }: Pick<PausableDistribution, 'sender' | 'dealId'>,
  journal: TopUpJournal,
  signal?: AbortSignal,
): Promise<Pick<ToppedUp, 'amountWei' | 'transaction'> | undefined> {
  const before = await journal.read();
  if (before === undefined) return undefined;
  await untilNothingPending(sender, signal);
  const { provider, deployment, address } = sender;
  const { amountWei, afterBlock } = before;
  const transaction = await findTopUp(provider, deployment, { dealId, amountWei, from: address, afterBlock });
  await journal.remove();
  return transaction === undefined ? undefined : { amountWei, transaction };
}

/**
 * Adds money to a deal and gives it to the nodes that serve it: one transaction with the permit in it, so that either all
 * of it happens or nothing. Ask `interruptedTopUp` first.
 * @throws PublishError DEAL_UNKNOWN, DEAL_ENDED, MONEY_SHORT, JOURNAL_UNUSABLE; ChainError
 */
export async function topUpDistribution(
  distribution: PausableDistribution,
  { amountWei, keepsFree = false, journal, signal }: TopUpRequest,
): Promise<ToppedUp> {
  const { sender, dealId } = distribution;
  await requireOpenDeal(distribution);
  await requireTokens(distribution, amountWei);
  const active = keepsFree
    ? []
    : (await allocationsOf(distribution)).filter(({ state }) => state === 'active');
  if (amountWei < BigInt(active.length)) throw tooSmall(dealId, amountWei, active.length);
  const allocations = equalAllocations(active, amountWei);
  const permit = await signPermit(sender, sender.deployment.market, amountWei);
  const afterBlock = await fromChain(sender.provider.getBlockNumber());
  await journal.write({ dealId, amountWei, afterBlock });
  const data = topUpCall({ dealId, amountWei, allocations, permit: { permit, amountWei } });
  const { hash } = await sender.send({ to: sender.deployment.market, data }, signal);
  await journal.remove();
  return { amountWei, transaction: hash, allocations };
}

async function requireTokens({ sender }: PausableDistribution, needWei: bigint): Promise<void> {
  const { provider, deployment, address: account } = sender;
  const haveWei = await readTokenBalance(provider, deployment, account);
  if (haveWei >= needWei) return;
  throw new PublishError('MONEY_SHORT', `You need ${needWei} wei of tokens, ${account} has ${haveWei}.`, {
    values: { account, needWei, haveWei },
    remedy: 'Send tokens to this account, or give a smaller amount.',
  });
}

function tooSmall(dealId: DealId, haveWei: bigint, nodes: number): PublishError {
  return new PublishError('MONEY_SHORT', `${haveWei} wei cannot be shared by ${nodes} nodes.`, {
    values: { dealId, haveWei, needWei: nodes },
    remedy: 'Give a larger amount.',
  });
}
