import { priceWei } from '../../../sdk/protocol/price.ts';
import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView } from './deal-directory.ts';

/** Sums of one deal on this node, bytes over all its grants since the journal began. */
export interface DealMeter {
  readonly dealId: DealId;
  readonly servedBytes: number;
  readonly receiptedBytes: number;
  /** Receipted and on disk. */
  readonly durableBytes: number;
  /** Served, and no receipt yet: lost if the viewers never sign. */
  readonly unreceiptedBytes: number;
  /** Served in epochs that were closed without a receipt, or sent in transfers that were broken off. */
  readonly lostBytes: number;
  /** What a crash now would cost: unreceipted bytes and receipts that are not on disk yet. */
  readonly atRiskBytes: number;
  readonly liveGrants: number;
}

/** Keeps the sums of one deal. The ledger moves them together with the sessions. */
export class DealMeters {
  readonly dealId: DealId;
  servedBytes = 0;
  receiptedBytes = 0;
  durableBytes = 0;
  lostBytes = 0;
  /** Unreceipted and reserved bytes of sessions that are not closed. */
  exposedBytes = 0;
  liveGrants = 0;
  /** Epochs up to this one take no more receipts. */
  closedThrough: Epoch | undefined;
  readonly #receiptedByEpoch = new Map<Epoch, number>();

  constructor(dealId: DealId) {
    this.dealId = dealId;
  }

  addReceipted(epoch: Epoch, bytes: number): void {
    this.receiptedBytes += bytes;
    this.#receiptedByEpoch.set(epoch, (this.#receiptedByEpoch.get(epoch) ?? 0) + bytes);
  }

  /** Bytes that the chain has not paid for: receipted in epochs after its `throughEpoch`, and exposed. */
  unsettledBytes(throughEpoch: Epoch): number {
    let bytes = this.exposedBytes;
    for (const [epoch, receipted] of this.#receiptedByEpoch) {
      if (epoch > throughEpoch) bytes += receipted;
      else this.#receiptedByEpoch.delete(epoch);
    }
    return bytes;
  }

  /** Whether the allocation can still pay for `bytes` more, with all that it owes already. */
  allocationCovers(allocation: AllocationView, bytes: number): boolean {
    const owed = BigInt(this.unsettledBytes(allocation.throughEpoch) + bytes);
    return priceWei(owed, allocation.ratePerGiB) <= allocation.balanceWei;
  }

  isClosed(epoch: Epoch): boolean {
    return this.closedThrough !== undefined && epoch <= this.closedThrough;
  }

  summary(): DealMeter {
    const { dealId, servedBytes, receiptedBytes, durableBytes, lostBytes, exposedBytes, liveGrants } = this;
    return {
      dealId,
      servedBytes,
      receiptedBytes,
      durableBytes,
      unreceiptedBytes: exposedBytes,
      lostBytes,
      atRiskBytes: exposedBytes + receiptedBytes - durableBytes,
      liveGrants,
    };
  }
}
