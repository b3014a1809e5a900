import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { SettlementStore } from '../settlement/settlement-store.ts';
import type { DealEarnings } from './earnings-table.ts';

/** What earnings are read from; works without a running node. */
export interface EarningsSources {
  readonly journal: Pick<ReceiptJournal, 'totals'>;
  readonly store: SettlementStore;
  /** What the chain has paid for a deal; undefined when only the store's notes of payments are at hand. */
  readonly paidWei: (dealId: DealId) => bigint | undefined;
}

/** The money of every deal that this node ever served. */
export function dealEarnings({ journal, store, paidWei }: EarningsSources): DealEarnings[] {
  const noted = new Map<DealId, bigint>();
  for (const payment of store.payments()) {
    noted.set(payment.dealId, (noted.get(payment.dealId) ?? 0n) + payment.paidWei);
  }
  return store.deals().map((deal) => ({
    ...deal,
    bytesByEpoch: bytesByEpoch(deal.dealId, { journal, store }),
    voucherWei: store.voucher(deal.dealId)?.voucher.cumulative ?? 0n,
    paidWei: paidWei(deal.dealId) ?? noted.get(deal.dealId) ?? 0n,
  }));
}

/** The journal keeps what is not paid, the store what the journal has forgotten. */
function bytesByEpoch(
  dealId: DealId,
  sources: Pick<EarningsSources, 'journal' | 'store'>,
): Map<Epoch, bigint> {
  const bytes = sources.store.metered(dealId);
  for (const [epoch, kept] of sources.journal.totals(dealId)?.receiptedByEpoch ?? []) {
    if (kept > (bytes.get(epoch) ?? 0n)) bytes.set(epoch, kept);
  }
  return bytes;
}
