import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { WaitCause } from './wait-reason.ts';

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
  /** Last epoch whose receipts the coordinator has taken from this run of the node; undefined before the first answer. */
  readonly handedInThrough?: Epoch | undefined;
  /** Viewers may have handed receipts to the coordinator that this node never saw. */
  readonly coordinatorMayKnowMore: boolean;
  /** Unix seconds at which a thawing allocation can be taken back. */
  readonly thawEndsAtSeconds?: number | undefined;
  /** Bytes of claims that ended void: they are settled and not paid. */
  readonly voidedBytes?: bigint;
  /** A sampled claim that is not decided: nothing else can settle the allocation until it is. */
  readonly openClaim?: { readonly toEpoch: Epoch; readonly lastBlock: number } | undefined;
}

/** The operator's thresholds. */
export interface SettlementPolicy {
  /** Settle by itself from this due amount on. */
  readonly minimumDueWei: bigint;
  /** Claim on chain after the coordinator failed for so many epochs. */
  readonly directClaimAfterEpochs: number;
  /** Token wei that one unit of gas is worth now; 0 when gas is not to be weighed. */
  readonly tokenWeiPerGas: bigint;
  /** Above this price of a unit of gas, wei of ether, nothing new is sent, not even when the operator asks. */
  readonly maxGasPriceWei?: bigint | undefined;
  /** Claim by samples from so many receipts on; undefined: where it costs less gas than claiming each. */
  readonly sampledClaimFromReceipts?: number | undefined;
}

/** Terms of the market for sampled claims, as far as a decision needs them. */
export interface SampledClaimTerms {
  readonly samples: number;
  readonly bondFloorWei: bigint;
}

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
      readonly kind: 'sampled-claim';
      readonly dealId: DealId;
      readonly toEpoch: Epoch;
      readonly receipts: number;
      readonly bytes: bigint;
      readonly dueWei: bigint;
      /** Held until the claim is paid. */
      readonly bondWei: bigint;
      readonly gas: bigint;
    }
  | WaitStep;

/** Nothing is done for a deal now; `explainWait` says it in words. */
export type WaitStep = WaitCause & {
  readonly kind: 'wait';
  readonly dealId: DealId;
  /** What ended epochs would pay now. */
  readonly dueWei: bigint;
};

/** Everything a decision rests on. */
export interface SettlementQuestion {
  readonly nowMs: number;
  readonly epochSeconds: number;
  readonly deals: readonly DealAccount[];
  readonly policy: SettlementPolicy;
  readonly claimTerms: SampledClaimTerms;
  /** Price of a unit of gas, wei of ether; undefined when the chain was not asked. */
  readonly gasPriceWei?: bigint | undefined;
  /** Tokens of the operator account that can become bonds, wei; undefined when the chain was not asked. */
  readonly bondableWei?: bigint | undefined;
  /** The operator asked: thresholds do not hold back, rules do. */
  readonly requested: boolean;
}
