import { epochAt, epochEndsAt } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import {
  DIRECT_CLAIM_BASE_GAS,
  DIRECT_CLAIM_RECEIPT_GAS,
  EPOCH_GRACE_MS,
  MAX_RECEIPTS_PER_DIRECT_CLAIM,
  VOUCHER_GAS,
} from './settlement-limits.ts';

/** Durable receipts of one deal and epoch. */
export interface EpochMeter {
  readonly epoch: Epoch;
  readonly bytes: bigint;
  readonly receipts: number;
}

/** What the node knows about one deal when it decides. */
export interface DealAccount {
  readonly dealId: DealId;
  readonly ratePerGiB: bigint;
  /** What the allocation can still pay. */
  readonly balanceWei: bigint;
  /** What it has paid by any route. */
  readonly paidWei: bigint;
  /** Last epoch that is settled on chain; 0 when none is. */
  readonly throughEpoch: Epoch;
  /** Every epoch with receipts that count for this deal, in any order. */
  readonly epochs: readonly EpochMeter[];
  /** The first epoch since which the coordinator refused or was silent; undefined while it answers. */
  readonly coordinatorFailingSince?: Epoch | undefined;
  /** Viewers may have handed receipts to the coordinator that this node never saw. */
  readonly coordinatorMayKnowMore: boolean;
  /** Unix seconds at which a thawing allocation can be taken back. */
  readonly thawEndsAtSeconds?: number | undefined;
}

/** The operator's thresholds. */
export interface SettlementPolicy {
  /** Settle by itself from this due amount on. */
  readonly minimumDueWei: bigint;
  /** Claim on chain after the coordinator failed for so many epochs. */
  readonly directClaimAfterEpochs: number;
  /** Token wei that one unit of gas is worth now; 0 when gas is not to be weighed. */
  readonly tokenWeiPerGas: bigint;
}

export type WaitReason =
  | 'NOTHING_DUE'
  | 'ESCROW_EXHAUSTED'
  | 'EPOCH_RUNNING'
  | 'BELOW_MINIMUM'
  | 'GAS_EXCEEDS_DUE'
  | 'TOO_MANY_RECEIPTS';

/** One decision for one deal. */
export type SettlementStep =
  | {
      readonly kind: 'voucher';
      readonly dealId: DealId;
      readonly throughEpoch: Epoch;
      /** What the voucher must at least say, by this node's own receipts. */
      readonly cumulativeWei: bigint;
      readonly dueWei: bigint;
      readonly gas: bigint;
    }
  | {
      readonly kind: 'direct-claim';
      readonly dealId: DealId;
      readonly toEpoch: Epoch;
      readonly receipts: number;
      readonly bytes: bigint;
      readonly dueWei: bigint;
      readonly gas: bigint;
    }
  | {
      readonly kind: 'wait';
      readonly dealId: DealId;
      readonly reason: WaitReason;
      /** What ended epochs would pay now. */
      readonly dueWei: bigint;
    };

/** Everything a decision rests on. */
export interface SettlementQuestion {
  readonly nowMs: number;
  readonly epochSeconds: number;
  readonly deals: readonly DealAccount[];
  readonly policy: SettlementPolicy;
  /** The operator asked: thresholds do not hold back, rules do. */
  readonly requested: boolean;
}

/** Decisions for all deals, and when the next epoch is ripe. */
export interface SettlementPlan {
  readonly steps: readonly SettlementStep[];
  readonly nextWakeMs: number;
}

/**
 * Decides what to settle by which route: the voucher first, the direct claim when the coordinator has failed long
 * enough and the claim is worth its gas (PAYMENT.md, parties and flow). Only epochs that have ended count.
 */
export function planSettlement(question: SettlementQuestion): SettlementPlan {
  const { nowMs, epochSeconds } = question;
  const ripe = lastRipeEpoch(nowMs, epochSeconds);
  const next = ripe === undefined ? parseEpoch(0) : parseEpoch(ripe + 1);
  return {
    steps: question.deals.map((deal) => decide(deal, ripe, question)),
    nextWakeMs: epochEndsAt(next, epochSeconds) * 1000 + EPOCH_GRACE_MS,
  };
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
  return priceWei(bytes, deal.ratePerGiB);
}

/** What redeeming a cumulative amount would pay now: min(cumulative − paid, balance), never negative. */
export function dueWei(deal: Pick<DealAccount, 'paidWei' | 'balanceWei'>, cumulative: bigint): bigint {
  const unpaid = cumulative - deal.paidWei;
  if (unpaid <= 0n) return 0n;
  return unpaid < deal.balanceWei ? unpaid : deal.balanceWei;
}

function decide(deal: DealAccount, ripe: Epoch | undefined, question: SettlementQuestion): SettlementStep {
  const { dealId } = deal;
  const running = deal.epochs.some((meter) => ripe === undefined || meter.epoch > ripe);
  if (ripe === undefined) return { kind: 'wait', dealId, reason: 'EPOCH_RUNNING', dueWei: 0n };
  const cumulative = cumulativeWei(deal, ripe);
  const due = dueWei(deal, cumulative);
  if (due === 0n && !(deal.coordinatorMayKnowMore && deal.balanceWei > 0n)) {
    const exhausted = cumulative > deal.paidWei;
    const reason = exhausted ? 'ESCROW_EXHAUSTED' : running ? 'EPOCH_RUNNING' : 'NOTHING_DUE';
    return { kind: 'wait', dealId, reason, dueWei: 0n };
  }
  if (claimsDirectly(deal, ripe, question)) return directClaim(deal, ripe, question);
  const pressed = question.requested || deal.thawEndsAtSeconds !== undefined || deal.coordinatorMayKnowMore;
  if (!pressed && due < question.policy.minimumDueWei) {
    return { kind: 'wait', dealId, reason: 'BELOW_MINIMUM', dueWei: due };
  }
  if (!pressed && due <= VOUCHER_GAS * question.policy.tokenWeiPerGas) {
    return { kind: 'wait', dealId, reason: 'GAS_EXCEEDS_DUE', dueWei: due };
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

/** The coordinator had its time; when the allocation thaws, it had it as soon as one epoch is left. */
function claimsDirectly(deal: DealAccount, ripe: Epoch, question: SettlementQuestion): boolean {
  const since = deal.coordinatorFailingSince;
  if (since === undefined) return false;
  if (ripe - since >= question.policy.directClaimAfterEpochs) return true;
  if (deal.thawEndsAtSeconds === undefined) return false;
  return question.nowMs / 1000 >= deal.thawEndsAtSeconds - 2 * question.epochSeconds;
}

/** Takes as many whole epochs as fit one transaction, oldest first: a claim closes every epoch up to its last. */
function directClaim(deal: DealAccount, ripe: Epoch, question: SettlementQuestion): SettlementStep {
  const { dealId } = deal;
  const open = deal.epochs
    .filter((meter) => meter.epoch > deal.throughEpoch && meter.epoch <= ripe && meter.receipts > 0)
    .sort((a, b) => a.epoch - b.epoch);
  let receipts = 0;
  let bytes = 0n;
  let toEpoch: Epoch | undefined;
  for (const meter of open) {
    if (receipts + meter.receipts > MAX_RECEIPTS_PER_DIRECT_CLAIM) break;
    receipts += meter.receipts;
    bytes += meter.bytes;
    toEpoch = meter.epoch;
  }
  const value = priceWei(bytes, deal.ratePerGiB);
  const due = value < deal.balanceWei ? value : deal.balanceWei;
  if (toEpoch === undefined) {
    return {
      kind: 'wait',
      dealId,
      reason: open.length > 0 ? 'TOO_MANY_RECEIPTS' : 'NOTHING_DUE',
      dueWei: due,
    };
  }
  const gas = DIRECT_CLAIM_BASE_GAS + BigInt(receipts) * DIRECT_CLAIM_RECEIPT_GAS;
  if (due <= gas * question.policy.tokenWeiPerGas) {
    return { kind: 'wait', dealId, reason: 'GAS_EXCEEDS_DUE', dueWei: due };
  }
  return { kind: 'direct-claim', dealId, toEpoch, receipts, bytes, dueWei: due, gas };
}
