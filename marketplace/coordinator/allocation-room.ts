import { bytesAffordable, priceWei } from '../../sdk/protocol/price.ts';
import type { Sql } from '../database/database.ts';
import type { AllocationRecord } from '../database/deal-records.ts';
import { sumGrantedBytes } from '../database/grant-ledger.ts';
import { findVoucher } from '../database/receipt-ledger.ts';

/**
 * What an allocation can still pay for: its balance, less what is earned and unpaid, less the caps of grants whose
 * epochs are not settled yet. This bounds what an operator with viewers of its own could earn.
 */
export async function roomOf(
  sql: Sql,
  allocation: AllocationRecord,
): Promise<{ grantedBytes: bigint; remainingBytes: bigint }> {
  const voucher = (await findVoucher(sql, { dealId: allocation.dealId, node: allocation.node }))?.voucher;
  const settledThrough = Math.max(allocation.throughEpoch, voucher?.throughEpoch ?? 0);
  const grantedBytes = await sumGrantedBytes(sql, allocation, settledThrough);
  const owedWei = voucher === undefined ? 0n : voucher.cumulative - allocation.paidWei;
  const reservedWei = priceWei(grantedBytes, allocation.ratePerGiB) + (owedWei > 0n ? owedWei : 0n);
  const remainingWei = allocation.balanceWei - reservedWei;
  return {
    grantedBytes,
    remainingBytes: remainingWei > 0n ? bytesAffordable(remainingWei, allocation.ratePerGiB) : 0n,
  };
}
