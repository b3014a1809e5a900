import type { AllocationRecord, AllocationRequest } from '../chain/deals.ts';

/**
 * An amount in equal shares, at the rates that the nodes have; the first ones get a unit more of what does not divide, so
 * that the shares are the amount.
 */
export function equalAllocations(
  to: readonly Pick<AllocationRecord, 'node' | 'ratePerGiB'>[],
  totalWei: bigint,
): readonly AllocationRequest[] {
  const count = BigInt(to.length);
  return to.map(({ node, ratePerGiB }, index) => ({
    ...{ node, ratePerGiB },
    amountWei: totalWei / count + (BigInt(index) < totalWei % count ? 1n : 0n),
  }));
}
