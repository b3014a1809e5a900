import { redeemVouchers } from '../../../sdk/chain/payments.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import type { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import { reportOf } from '../node-error.ts';
import type { SettlementRound } from './settlement-round.ts';
import type { SettlementStore } from './settlement-store.ts';
import { collectVoucher, type VoucherCollectionParts, type VoucherWish } from './voucher-collection.ts';

export interface VoucherBeforeClaimParts extends VoucherCollectionParts {
  readonly sender: TransactionSender;
  readonly store: SettlementStore;
  readonly directory: Pick<CachedDealDirectory, 'refresh'>;
}

/**
 * Asks a coordinator that has failed once more before receipts are claimed: a voucher costs less gas, and a coordinator
 * that came back is to be noticed. It counts as answering only when its voucher has paid, else one that signs worthless
 * vouchers could put claims off for ever; a voucher that the chain would refuse costs no gas.
 *
 * @returns whether the voucher has paid, so that there is nothing to claim
 */
export async function isPaidByVoucher(
  parts: VoucherBeforeClaimParts,
  wish: VoucherWish,
  round: SettlementRound,
  signal: AbortSignal,
): Promise<boolean> {
  const { store, sender, directory, log } = parts;
  const { dealId } = wish.own.deal;
  try {
    const { signed } = await collectVoucher(parts, wish, signal);
    const sending = redeemVouchers(sender, [signed], sender.address, signal);
    if ((await round.paidBy('voucher', [dealId], sending)) === 0n) return false;
    store.keepVoucher(signed);
    store.noteAnswering(dealId);
    await directory.refresh(dealId);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = reportOf(error);
    log.debug({ dealId, code, reason: message }, 'No voucher in place of a claim');
    return false;
  }
}
