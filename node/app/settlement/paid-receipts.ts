import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { LateReceiptWatch } from '../../core/settlement/late-receipts.ts';
import type { NodeLog } from '../node-log.ts';
import type { SettlementStore } from './settlement-store.ts';

/**
 * Lets the journal forget epochs of a deal; the store keeps their bytes first. A crash in between leaves the epoch in
 * both: readers take the larger figure of each epoch, so nothing is counted twice and nothing is missed.
 *
 * @throws StorageError when the journal cannot be written: the receipts stay
 */
export async function forgetEpochs(
  { journal, store }: { journal: Pick<ReceiptJournal, 'totals' | 'markPaid'>; store: SettlementStore },
  dealId: DealId,
  throughEpoch: Epoch,
): Promise<void> {
  const kept = journal.totals(dealId)?.receiptedByEpoch ?? new Map<Epoch, bigint>();
  const over = [...kept].filter(([epoch]) => epoch <= throughEpoch);
  if (over.length === 0) return;
  for (const [epoch, bytes] of over) store.noteMetered(dealId, epoch, bytes);
  await journal.markPaid(dealId, throughEpoch);
}

export interface ForgettingParts {
  readonly directory: Pick<CachedDealDirectory, 'own'>;
  readonly journal: Pick<ReceiptJournal, 'totals' | 'markPaid' | 'isCrowded'>;
  readonly store: SettlementStore;
  readonly log: NodeLog;
}

/** Forgets receipts that are paid and cannot be followed by late ones; all that are paid when room is short. */
export async function forgetPaid(
  parts: ForgettingParts,
  late: Pick<LateReceiptWatch, 'forgettableThrough'>,
  ripeEpoch: Epoch,
): Promise<void> {
  const { directory, journal, store, log } = parts;
  for (const { deal, allocation } of directory.own()) {
    const { dealId } = deal;
    const active = allocation.state !== 'released';
    const unpaidWei = (store.voucher(dealId)?.voucher.cumulative ?? 0n) - allocation.paidWei;
    // What an empty escrow could not cover stays until it is topped up.
    if (active && allocation.balanceWei === 0n && unpaidWei > 0n) continue;
    // The epochs of an open claim read as settled; until it is decided a voucher may still ask for their receipts.
    const settledThrough = store.openClaim(dealId)?.fromEpoch ?? allocation.throughEpoch;
    const willAsk = active && allocation.balanceWei > 0n && store.failingSince(dealId) === undefined;
    const last = journal.isCrowded
      ? settledThrough
      : late.forgettableThrough(dealId, { settledThrough, ripeEpoch, willAsk });
    try {
      if (last !== undefined) await forgetEpochs(parts, dealId, last);
    } catch (error) {
      log.warn({ dealId, error }, 'Paid receipts could not be let go and stay in the journal');
    }
  }
}
