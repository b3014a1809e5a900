import { priceWei } from '../../sdk/protocol/price.ts';
import { billableBytes } from '../coordinator/earned-bytes.ts';
import type { ClaimedSpan } from '../database/claim-records.ts';
import type { RatedBytes } from '../database/receipt-batches.ts';

/** What prices the receipts of a node in a deal. */
export interface PricedBooks {
  readonly receipts: readonly RatedBytes[];
  readonly claims: readonly ClaimedSpan[];
  /** Of the allocation; undefined for a peer without one. */
  readonly ratePerGiB: bigint | undefined;
}

/**
 * What the batch of an epoch added to what its node has earned: the earnings through the epoch less those through the one
 * before, so that all batches of a node and deal add up to what was metered, to the last unit. Epochs that a claim settled pay
 * by the claim: its whole span counts in its last epoch. Pure.
 */
export function batchWei(books: PricedBooks, epoch: number): bigint {
  return earnedThrough(books, epoch) - earnedThrough(books, epoch - 1);
}

function earnedThrough({ receipts, claims, ratePerGiB }: PricedBooks, epoch: number): bigint {
  const until = receipts.filter((one) => one.epoch <= epoch);
  const allocated = until.filter(({ peerRatePerGiB }) => peerRatePerGiB === undefined);
  const ended = claims.filter(({ toEpoch }) => toEpoch <= epoch);
  // Receipts of a claim that has not ended yet are not billable before it ends.
  const open = claims.filter(({ toEpoch }) => toEpoch > epoch).map((claim) => ({ ...claim, bytesTotal: 0n }));
  const fromAllocation =
    ratePerGiB === undefined ? 0n : priceWei(billableBytes(allocated, [...ended, ...open]), ratePerGiB);
  const byRate = new Map<bigint, bigint>();
  for (const { bytes, peerRatePerGiB } of until) {
    if (peerRatePerGiB !== undefined) byRate.set(peerRatePerGiB, (byRate.get(peerRatePerGiB) ?? 0n) + bytes);
  }
  return [...byRate].reduce((sum, [rate, bytes]) => sum + priceWei(bytes, rate), fromAllocation);
}
