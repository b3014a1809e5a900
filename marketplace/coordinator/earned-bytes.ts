import { priceWei } from '../../sdk/protocol/price.ts';
import type { ClaimedSpan } from '../database/claim-records.ts';
import type { AllocationRecord } from '../database/deal-records.ts';

/**
 * Bytes that a node is to be paid for in a deal, epochs up to the last in `byEpoch`.
 *
 * An epoch pays by one route: where a claim has settled epochs on chain, its bytes count, not the receipts held here
 * for those epochs; those of a void claim are none (PAYMENT.md, invariant 3).
 */
export function billableBytes(
  byEpoch: readonly { epoch: number; bytes: bigint }[],
  claims: readonly Pick<ClaimedSpan, 'afterEpoch' | 'toEpoch' | 'bytesTotal'>[],
): bigint {
  const claimed = claims.reduce((sum, claim) => sum + claim.bytesTotal, 0n);
  return byEpoch
    .filter(({ epoch }) => !claims.some((claim) => epoch > claim.afterEpoch && epoch <= claim.toEpoch))
    .reduce((sum, { bytes }) => sum + bytes, claimed);
}

/**
 * Cumulative wei of the next voucher: the price of all billable bytes, no more than the allocation has paid and can
 * still pay (what an open claim locks returns to it), and never less than a voucher signed before.
 */
export function cumulativeWei(
  bytes: bigint,
  allocation: Pick<AllocationRecord, 'ratePerGiB' | 'paidWei' | 'balanceWei' | 'lockedWei'>,
  previousWei: bigint,
): bigint {
  const earned = priceWei(bytes, allocation.ratePerGiB);
  const payable = allocation.paidWei + allocation.balanceWei + allocation.lockedWei;
  const bounded = earned < payable ? earned : payable;
  return bounded > previousWei ? bounded : previousWei;
}
