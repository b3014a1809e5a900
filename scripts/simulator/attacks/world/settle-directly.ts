import { claimDirect, redeemVouchers, type PaidTransaction } from '../../../../sdk/chain/payments.ts';
import type { Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { SignedVoucher } from '../../../../sdk/protocol/voucher.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** A direct claim of a node, paid to itself. @throws ChainError */
export const claimReceipts = (
  node: Party,
  deal: PlayedDeal,
  toEpoch: Epoch,
  receipts: readonly ReceiptWithGrant[],
): Promise<PaidTransaction> =>
  claimDirect(node, { dealId: deal.dealId, toEpoch, receipts, to: node.address });

/** Redeems vouchers of a node, paid to itself. @throws ChainError */
export const redeem = (node: Party, ...vouchers: readonly SignedVoucher[]): Promise<PaidTransaction> =>
  redeemVouchers(node, vouchers, node.address);
