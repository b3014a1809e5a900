import { epochAt, epochEndsAt } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { MAX_UINT128 } from '../../../sdk/protocol/limits.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { claimOnChain } from './claim-route.ts';
import { missingHandIn, type HandIn } from './hand-in.ts';
import { EPOCH_GRACE_MS, VOUCHER_GAS } from './settlement-limits.ts';
import type {
  DealAccount,
  SettlementPolicy,
  SettlementQuestion,
  SettlementStep,
  WaitStep,
} from './settlement-question.ts';
import type { WaitCause } from './wait-reason.ts';

/** Decisions for all deals, and when the next epoch is ripe. */
export interface SettlementPlan {
  readonly steps: readonly SettlementStep[];
  /** Receipts of deals that wait, for the coordinator's books. */
  readonly handIns: readonly HandIn[];
  readonly nextWakeMs: number;
}

/**
 * Decides what to settle by which route: the voucher first; a direct or a sampled claim, whichever is cheaper, when the
 * coordinator has failed long enough and the claim is worth its gas (PAYMENT.md, parties and flow). Only epochs that have
 * ended count. Bonds of claims planned together are covered together.
 */
export function planSettlement(question: SettlementQuestion): SettlementPlan {
  const { nowMs, epochSeconds } = question;
  const ripe = lastRipeEpoch(nowMs, epochSeconds);
  const next = ripe === undefined ? parseEpoch(0) : parseEpoch(ripe + 1);
  let bondableWei = question.bondableWei;
  const steps = question.deals.map((deal) => {
    const step = decide(deal, ripe, question, bondableWei);
    if (step.kind === 'sampled-claim' && bondableWei !== undefined) bondableWei -= step.bondWei;
    return step;
  });
  return {
    steps,
    handIns: ripe === undefined ? [] : handInsOf(question, steps, ripe),
    nextWakeMs: epochEndsAt(next, epochSeconds) * 1000 + EPOCH_GRACE_MS,
  };
}

/** Steps that take a voucher hand in by themselves; while a claim is open, only a voucher for its epochs is signed. */
function handInsOf(
  { deals, epochSeconds }: SettlementQuestion,
  steps: readonly SettlementStep[],
  ripe: Epoch,
): HandIn[] {
  return deals.flatMap((deal, index) => {
    const waits = steps[index]?.kind === 'wait' && deal.openClaim === undefined;
    return (waits ? missingHandIn(deal, ripe, epochSeconds) : undefined) ?? [];
  });
}

/** The last epoch that ended at least a grace ago; undefined before the first one has. */
export function lastRipeEpoch(nowMs: number, epochSeconds: number): Epoch | undefined {
  const seconds = (nowMs - EPOCH_GRACE_MS) / 1000;
  if (seconds < epochSeconds) return undefined;
  return parseEpoch(epochAt(seconds, epochSeconds) - 1);
}

/** What all receipts up to an epoch are worth: the figure a voucher must state. */
export function cumulativeWei(deal: DealAccount, throughEpoch: Epoch): bigint {
  const bytes = deal.epochs.reduce(
    (sum, meter) => (meter.epoch <= throughEpoch ? sum + meter.bytes : sum),
    0n,
  );
  return priceWei(bytes - (deal.voidedBytes ?? 0n), deal.ratePerGiB);
}

/** What redeeming a cumulative amount would pay now: min(cumulative − paid, balance), never negative. */
export function dueWei(deal: Pick<DealAccount, 'paidWei' | 'balanceWei'>, cumulative: bigint): bigint {
  const unpaid = cumulative - deal.paidWei;
  if (unpaid <= 0n) return 0n;
  return unpaid < deal.balanceWei ? unpaid : deal.balanceWei;
}

function decide(
  deal: DealAccount,
  ripe: Epoch | undefined,
  question: SettlementQuestion,
  bondableWei: bigint | undefined,
): SettlementStep {
  const { dealId } = deal;
  if (ripe === undefined) return wait(deal, { reason: 'EPOCH_RUNNING' });
  const cumulative = cumulativeWei(deal, ripe);
  const due = dueWei(deal, cumulative);
  if (deal.openClaim !== undefined) return wait(deal, { reason: 'CLAIM_OPEN', ...deal.openClaim });
  if (due === 0n && !(deal.coordinatorMayKnowMore && deal.balanceWei > 0n)) {
    return wait(deal, nothingDue(deal, ripe, cumulative));
  }
  const claims = mustClaim(deal, ripe, question);
  const dear = gasAboveCeiling(question);
  if (dear !== undefined && !(claims && isThawEnding(deal, question))) return wait(deal, dear, due);
  if (claims) return claimOnChain(deal, ripe, question, bondableWei ?? MAX_UINT128);
  const pressed = question.requested || deal.thawEndsAtSeconds !== undefined || deal.coordinatorMayKnowMore;
  const { minimumDueWei, tokenWeiPerGas } = question.policy;
  if (!pressed && due < minimumDueWei) {
    return wait(deal, { reason: 'BELOW_MINIMUM', haveWei: due, needWei: minimumDueWei }, due);
  }
  const gasWei = VOUCHER_GAS * tokenWeiPerGas;
  if (!pressed && due <= gasWei) {
    return wait(deal, { reason: 'GAS_EXCEEDS_DUE', haveWei: due, needWei: gasWei }, due);
  }
  return {
    kind: 'voucher',
    dealId,
    throughEpoch: ripe,
    cumulativeWei: cumulative,
    dueWei: due,
    gas: VOUCHER_GAS,
  };
}

function wait(deal: DealAccount, cause: WaitCause, due = 0n): WaitStep {
  return { kind: 'wait', dealId: deal.dealId, ...cause, dueWei: due };
}

function nothingDue(deal: DealAccount, ripe: Epoch, cumulative: bigint): WaitCause {
  const unpaidWei = cumulative - deal.paidWei;
  if (unpaidWei > 0n) return { reason: 'ESCROW_EXHAUSTED', unpaidWei };
  const running = deal.epochs.some((meter) => meter.epoch > ripe);
  return { reason: running ? 'EPOCH_RUNNING' : 'NOTHING_DUE' };
}

/** The operator's ceiling, when gas costs more. */
export function gasAboveCeiling(
  question: Pick<SettlementQuestion, 'gasPriceWei'> & {
    readonly policy: Pick<SettlementPolicy, 'maxGasPriceWei'>;
  },
): Extract<WaitCause, { reason: 'GAS_PRICE_ABOVE_CEILING' }> | undefined {
  const { gasPriceWei, policy } = question;
  const { maxGasPriceWei } = policy;
  if (gasPriceWei === undefined || maxGasPriceWei === undefined || gasPriceWei <= maxGasPriceWei)
    return undefined;
  return { reason: 'GAS_PRICE_ABOVE_CEILING', gasPriceWei, maxGasPriceWei };
}

/** The coordinator had its time; when the allocation thaws, it had it as soon as one epoch is left. */
function mustClaim(deal: DealAccount, ripe: Epoch, question: SettlementQuestion): boolean {
  const since = deal.coordinatorFailingSince;
  if (since === undefined) return false;
  return ripe - since >= question.policy.directClaimAfterEpochs || isThawEnding(deal, question);
}

/** What is not claimed soon may be lost: then gas is no reason to wait. */
function isThawEnding(deal: DealAccount, question: SettlementQuestion): boolean {
  if (deal.thawEndsAtSeconds === undefined) return false;
  return question.nowMs / 1000 >= deal.thawEndsAtSeconds - 2 * question.epochSeconds;
}
