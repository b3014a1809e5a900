import type { EarningsDocument } from '../control/documents.ts';
import type { PeerEarnings } from '../peers/peer-earnings.ts';
import type { EarningsGrouping, EarningsRow } from './earnings-table.ts';

/** Pay from peer pools and the number of claims that brought it. */
export interface PeerPay {
  readonly earnings: PeerEarnings;
  readonly claims: number;
}

/** Key of what a peer earned where accounts are not told apart: a peer knows deals, not days or publishers. */
const POOL_KEY = 'peer pool';

/**
 * A peer's accounts as rows of the table: earned is metered, a root on chain is the agreement, what it promises beyond
 * what is paid is one claim away.
 */
export function peerRows(pay: PeerPay | undefined, grouping: EarningsGrouping): EarningsRow[] {
  return (pay?.earnings.deals ?? []).map((deal) => ({
    key: grouping === 'deal' ? deal.dealId : POOL_KEY,
    bytes: deal.bytes,
    meteredWei: deal.earnedWei,
    settledWei: deal.postedWei,
    paidWei: deal.paidWei,
    voucherDueWei: deal.claimableWei,
    inClaimWei: 0n,
    unsettledWei: deal.unpostedWei,
    lostWei: 0n,
  }));
}

/** A peer's accounts as the control door and the command line carry them. */
export function encodePeerAccounts(pay: PeerPay | undefined): EarningsDocument['peerAccounts'] {
  return (pay?.earnings.deals ?? []).map((deal) => ({
    dealId: deal.dealId,
    bytes: deal.bytes.toString(),
    unhandedBytes: deal.unhandedBytes.toString(),
    earnedWei: deal.earnedWei.toString(),
    postedWei: deal.postedWei.toString(),
    paidWei: deal.paidWei.toString(),
    claimableWei: deal.claimableWei.toString(),
    unpostedWei: deal.unpostedWei.toString(),
    gasCostWei: deal.gasCostWei.toString(),
  }));
}
