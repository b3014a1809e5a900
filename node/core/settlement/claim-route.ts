import { parseEpoch, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import {
  CLAIM_COMMIT_GAS,
  CLAIM_OPEN_BASE_GAS,
  CLAIM_OPEN_SAMPLE_GAS,
  DIRECT_CLAIM_BASE_GAS,
  DIRECT_CLAIM_RECEIPT_GAS,
  MAX_RECEIPTS_PER_DIRECT_CLAIM,
} from './settlement-limits.ts';
import type {
  DealAccount,
  EpochMeter,
  SampledClaimTerms,
  SettlementQuestion,
  SettlementStep,
} from './settlement-question.ts';
import type { WaitCause } from './wait-reason.ts';

/** What is assumed until the chain has told its terms: the dearest claim. */
export const UNREAD_CLAIM_TERMS: SampledClaimTerms = { samples: 32, bondFloorWei: 0n };

/** Whole epochs that one claim settles. */
interface Span {
  readonly receipts: number;
  readonly bytes: bigint;
  readonly toEpoch: Epoch;
  readonly dueWei: bigint;
}

/**
 * Claims without the publisher: each receipt when they are few, by samples when that costs less gas or when one epoch
 * has more receipts than a transaction takes. Always whole epochs, oldest first: a claim closes every epoch up to its
 * last one. Without the tokens for a bond, as many epochs as fit a direct claim.
 *
 * @param bondWei what the operator account has left for bonds
 */
export function claimOnChain(
  deal: DealAccount,
  ripe: Epoch,
  question: Omit<SettlementQuestion, 'deals' | 'requested'>,
  bondWei: bigint,
): SettlementStep {
  const { dealId } = deal;
  const open = deal.epochs
    .filter((meter) => meter.epoch > deal.throughEpoch && meter.epoch <= ripe && meter.receipts > 0)
    .sort((a, b) => a.epoch - b.epoch);
  const [first] = open;
  if (first === undefined) return wait(deal, { reason: 'NOTHING_DUE' }, 0n);
  const all = spanOf(deal, open, first);
  const few = fitting(deal, open);
  const refusal = sampledRefusal(all, deal, question, bondWei);
  if (few === undefined && refusal !== undefined) return wait(deal, refusal, all.dueWei);
  const sampled = few === undefined || (refusal === undefined && prefersSamples(all, question));
  const step: SettlementStep = sampled
    ? { kind: 'sampled-claim', dealId, ...all, ...sampledCost(all, question.claimTerms) }
    : { kind: 'direct-claim', dealId, ...few, gas: directGas(few.receipts) };
  const gasWei = step.gas * question.policy.tokenWeiPerGas;
  if (step.dueWei > gasWei) return step;
  return wait(deal, { reason: 'GAS_EXCEEDS_DUE', haveWei: step.dueWei, needWei: gasWei }, step.dueWei);
}

/** Gas of claiming so many receipts one by one, in as many transactions as it takes. */
function directGas(receipts: number): bigint {
  const transactions = Math.ceil(receipts / MAX_RECEIPTS_PER_DIRECT_CLAIM);
  return BigInt(transactions) * DIRECT_CLAIM_BASE_GAS + BigInt(receipts) * DIRECT_CLAIM_RECEIPT_GAS;
}

/** Gas of a sampled claim: no more receipts are opened than there are. */
export function sampledClaimGas(receipts: number, samples: number): bigint {
  const opened = BigInt(Math.min(receipts, samples));
  return CLAIM_COMMIT_GAS + CLAIM_OPEN_BASE_GAS + opened * CLAIM_OPEN_SAMPLE_GAS;
}

function sampledCost(
  span: Span,
  { samples, bondFloorWei }: SampledClaimTerms,
): { readonly gas: bigint; readonly bondWei: bigint } {
  const share = span.dueWei / BigInt(samples);
  return {
    gas: sampledClaimGas(span.receipts, samples),
    bondWei: share > bondFloorWei ? share : bondFloorWei,
  };
}

function prefersSamples(
  span: Span,
  { policy, claimTerms }: Pick<SettlementQuestion, 'policy' | 'claimTerms'>,
): boolean {
  const from = policy.sampledClaimFromReceipts;
  if (span.bytes < BigInt(claimTerms.samples)) return false;
  if (from !== undefined) return span.receipts >= from;
  return sampledCost(span, claimTerms).gas < directGas(span.receipts);
}

/** Why the chain would refuse a sampled claim of a span; undefined when it takes it. */
function sampledRefusal(
  span: Span,
  deal: DealAccount,
  question: Pick<SettlementQuestion, 'nowMs' | 'epochSeconds' | 'claimTerms'>,
  haveWei: bigint,
): WaitCause | undefined {
  const { claimTerms, nowMs, epochSeconds } = question;
  const thawEnd = deal.thawEndsAtSeconds;
  // The commitment must be mined before the epoch in which the thaw ends.
  if (thawEnd !== undefined && nowMs / 1000 >= thawEnd - epochSeconds / 2) {
    return { reason: 'THAW_ENDED', receipts: span.receipts, maxReceipts: MAX_RECEIPTS_PER_DIRECT_CLAIM };
  }
  const { bondWei } = sampledCost(span, claimTerms);
  return bondWei > haveWei ? { reason: 'BOND_SHORT', haveWei, needWei: bondWei } : undefined;
}

function spanOf(deal: DealAccount, meters: readonly EpochMeter[], first: EpochMeter): Span {
  const receipts = meters.reduce((sum, meter) => sum + meter.receipts, 0);
  const bytes = meters.reduce((sum, meter) => sum + meter.bytes, 0n);
  const value = priceWei(bytes, deal.ratePerGiB);
  const toEpoch = parseEpoch(Math.max(...meters.map(({ epoch }) => epoch), first.epoch));
  return { receipts, bytes, toEpoch, dueWei: value < deal.balanceWei ? value : deal.balanceWei };
}

/** The oldest whole epochs that fit one direct claim. */
function fitting(deal: DealAccount, open: readonly EpochMeter[]): Span | undefined {
  let receipts = 0;
  const fit = open.filter((meter) => {
    // Once one does not fit, no later one is taken: their receipts alone exceed the limit, too.
    receipts += meter.receipts;
    return receipts <= MAX_RECEIPTS_PER_DIRECT_CLAIM;
  });
  const [first] = fit;
  return first === undefined ? undefined : spanOf(deal, fit, first);
}

function wait(deal: DealAccount, cause: WaitCause, dueWei: bigint): SettlementStep {
  return { kind: 'wait', dealId: deal.dealId, ...cause, dueWei };
}
