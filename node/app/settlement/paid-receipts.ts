import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
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
