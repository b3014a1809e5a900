import { priceWei } from '../../sdk/protocol/price.ts';
import type { AllocationRecord, DirectClaimRecord } from '../database/deal-records.ts';

/**
 * Bytes that a node is to be paid for in a deal, epochs up to the last in `byEpoch`.
 *
 * An epoch pays by one route: where a direct claim has settled epochs on chain, its bytes count, not the receipts
 * held here for those epochs (PAYMENT.md, invariant 3).
 */
export function billableBytes(
  byEpoch: readonly { epoch: number; bytes: bigint }[],
  claims: readonly DirectClaimRecord[],
): bigint {
  const claimed = claims.reduce((sum, claim) => sum + claim.bytesTotal, 0n);
  return byEpoch
    .filter(({ epoch }) => !claims.some((claim) => epoch > claim.afterEpoch && epoch <= claim.toEpoch))
    .reduce((sum, { bytes }) => sum + bytes, claimed);
}

/**
 * Cumulative wei of the next voucher: the price of all billable bytes, no more than the allocation has paid and can
 * still pay, and never less than a voucher signed before.
 */
export function cumulativeWei(
  bytes: bigint,
  allocation: Pick<AllocationRecord, 'ratePerGiB' | 'paidWei' | 'balanceWei'>,
  previousWei: bigint,
): bigint {
  const earned = priceWei(bytes, allocation.ratePerGiB);
  const payable = allocation.paidWei + allocation.balanceWei;
  const bounded = earned < payable ? earned : payable;
  return bounded > previousWei ? bounded : previousWei;
}
