import type { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import type { HandIn } from '../../core/settlement/hand-in.ts';
import type { LateReceiptWatch } from '../../core/settlement/late-receipts.ts';
import { cumulativeWei } from '../../core/settlement/settlement-plan.ts';
import type { DealAccount } from '../../core/settlement/settlement-question.ts';
import { reportOf } from '../node-error.ts';
import type { SettlementStore } from './settlement-store.ts';
import { collectVoucher, type VoucherCollectionParts, type VoucherWish } from './voucher-collection.ts';

export interface HandInParts extends VoucherCollectionParts {
  readonly store: Pick<SettlementStore, 'claimedSpans' | 'keepVoucher'>;
  readonly directory: Pick<CachedDealDirectory, 'known'>;
  readonly late: Pick<LateReceiptWatch, 'noteAsked'>;
}

/**
 * Hands receipts of closed epochs to the coordinators of deals for which nothing is redeemed now, and keeps the vouchers
 * that they give. That one fails says nothing of its standing, and that it answers neither: only what pays does. It is
 * tried again each epoch.
 *
 * @param closed what is missing, and the accounts after these epochs were closed
 */
export async function handInReceipts(
  parts: HandInParts,
  { handIns, accounts }: { readonly handIns: readonly HandIn[]; readonly accounts: readonly DealAccount[] },
  signal: AbortSignal,
): Promise<void> {
  const byDeal = new Map(accounts.map((account) => [account.dealId, account]));
  for (const missing of handIns) {
    const account = byDeal.get(missing.dealId);
    const own = parts.directory.known(missing.dealId);
    if (account === undefined || own === undefined) continue;
    const { throughEpoch, afterEpoch } = missing;
    const wish = { own, throughEpoch, handedInThrough: afterEpoch };
    await handIn(parts, { ...wish, cumulativeWei: cumulativeWei(account, throughEpoch) }, signal);
  }
}

async function handIn(parts: HandInParts, wish: VoucherWish, signal: AbortSignal): Promise<void> {
  const { dealId } = wish.own.deal;
  const { throughEpoch } = wish;
  try {
    const { signed, recoveredBytes } = await collectVoucher(parts, wish, signal);
    parts.store.keepVoucher(signed);
    parts.late.noteAsked(dealId, throughEpoch, Number(recoveredBytes));
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = reportOf(error);
    parts.log.debug({ dealId, code, reason: message }, 'Receipts could not be handed in and are kept');
  }
}
