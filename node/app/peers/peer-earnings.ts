import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { PeerAccount, PeerStore } from './peer-store.ts';

/** A peer's money in one deal: bytes it served, what they earned, what a root promises, what was paid. */
export interface PeerDealEarnings {
  readonly dealId: DealId;
  /** Receipted, by this peer's own journal. */
  readonly bytes: bigint;
  /** Part of them that is not with the coordinator yet: their epoch runs, or the coordinator is away. */
  readonly unhandedBytes: bigint;
  /** By the coordinator's count of the receipts that it has. */
  readonly earnedWei: bigint;
  /** Part of it that a root on chain promises. */
  readonly postedWei: bigint;
  readonly paidWei: bigint;
  /** Promised and not claimed yet. */
  readonly claimableWei: bigint;
  /** Earned beyond the roots on chain: this peer's risk until the next one. */
  readonly unpostedWei: bigint;
  /** What its claims cost, wei of the chain's coin. */
  readonly gasCostWei: bigint;
}

export interface PeerEarnings {
  readonly deals: readonly PeerDealEarnings[];
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
}

/** Receipted bytes of a deal as the journal has them. */
export interface JournaledBytes {
  totals(dealId: DealId): { readonly keptBytes: bigint; readonly paidBytes: bigint } | undefined;
}

/** What a peer has earned, as a function of its files alone: earned = paid + claimable + unposted in every deal. */
export function peerEarnings(
  store: Pick<PeerStore, 'accounts' | 'claims'>,
  journal: JournaledBytes,
): PeerEarnings {
  const claims = store.claims();
  const deals = store.accounts().map((account): PeerDealEarnings => {
    const totals = journal.totals(account.dealId);
    const bytes = (totals?.keptBytes ?? 0n) + (totals?.paidBytes ?? 0n);
    const ofDeal = claims.filter(({ dealId }) => dealId === account.dealId);
    const gasCostWei = ofDeal.reduce((sum, claim) => sum + claim.gasCostWei, 0n);
    return { dealId: account.dealId, bytes, ...moneyOf(account, bytes), gasCostWei };
  });
  const sum = (amount: (deal: PeerDealEarnings) => bigint): bigint =>
    deals.reduce((total, deal) => total + amount(deal), 0n);
  return { deals, earnedWei: sum(({ earnedWei }) => earnedWei), paidWei: sum(({ paidWei }) => paidWei) };
}

/** A figure that was read later than another must not make a difference negative. */
function moneyOf(
  { handedBytes, earnedWei: toldWei, postedWei: provenWei, paidWei }: PeerAccount,
  bytes: bigint,
): Omit<PeerDealEarnings, 'dealId' | 'bytes' | 'gasCostWei'> {
  const postedWei = larger(provenWei, paidWei);
  const earnedWei = larger(toldWei, postedWei);
  return {
    ...{ earnedWei, postedWei, paidWei },
    unhandedBytes: larger(bytes - handedBytes, 0n),
    claimableWei: postedWei - paidWei,
    unpostedWei: earnedWei - postedWei,
  };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
