import type { Interface } from 'ethers';

import { bytesToHex, type Hex } from '../protocol/bytes.ts';
import { grantHashOf } from '../protocol/grant.ts';
import {
  parseAddress,
  parseDealId,
  type Address,
  type DealId,
  type Epoch,
  type GrantHash,
} from '../protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../protocol/receipt.ts';
import type { SignedVoucher } from '../protocol/voucher.ts';
import { marketInterface } from './contracts.ts';
import { domainOf } from './deployment.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** Vouchers in one transaction; the market's own bound. */
export const MAX_VOUCHERS_PER_CALL = 64;
/** Receipts in one direct claim; the market's own bound. */
export const MAX_RECEIPTS_PER_CLAIM = 512;

/** What one deal paid a node. */
export interface Payment {
  readonly dealId: DealId;
  readonly node: Address;
  /** Left the allocation, fee included. */
  readonly paidWei: bigint;
  readonly feeWei: bigint;
}

/** A transaction that paid. */
export interface PaidTransaction {
  readonly transaction: MinedTransaction;
  readonly payments: readonly Payment[];
}

/**
 * Redeems vouchers of the sender's node, one or many, in one transaction. A voucher with nothing due pays nothing and
 * is absent from `payments`.
 *
 * @param vouchers at most MAX_VOUCHERS_PER_CALL.
 * @throws ChainError CHAIN_REVERTED (NothingDue, EpochNotEnded, EpochSettled, InvalidVoucherSignature, WrongNode)
 */
export async function redeemVouchers(
  sender: TransactionSender,
  vouchers: readonly SignedVoucher[],
  to: Address,
  signal?: AbortSignal,
): Promise<PaidTransaction> {
  const [only] = vouchers;
  const data =
    vouchers.length === 1 && only !== undefined
      ? marketInterface.encodeFunctionData('redeemVoucher', [only.voucher, bytesToHex(only.signature), to])
      : marketInterface.encodeFunctionData('redeemVouchers', [
          vouchers.map(({ voucher, signature }) => ({ voucher, signature: bytesToHex(signature) })),
          to,
        ]);
  return paid(await sender.send({ to: sender.deployment.market, data }, signal), 'VoucherRedeemed');
}

/** Receipts of one deal to be claimed without the publisher. */
export interface DirectClaim {
  readonly dealId: DealId;
  /** Last epoch of the claim; it has ended. Epochs up to it are settled by the claim. */
  readonly toEpoch: Epoch;
  /** In any order, at most MAX_RECEIPTS_PER_CLAIM; one receipt, the best, of each grant. */
  readonly receipts: readonly ReceiptWithGrant[];
  readonly to: Address;
}

interface Word {
  readonly r: Hex;
  readonly vs: Hex;
}

function halves(signature: Uint8Array): Word {
  return { r: bytesToHex(signature.subarray(0, 32)), vs: bytesToHex(signature.subarray(32, 64)) };
}

function byHash(a: { readonly hash: GrantHash }, b: { readonly hash: GrantHash }): number {
  if (a.hash === b.hash) return 0;
  return a.hash < b.hash ? -1 : 1;
}

/**
 * Claims receipts of the sender's node directly.
 *
 * @throws ChainError CHAIN_REVERTED (InvalidGrantSignature, InvalidReceiptSignature, CapExceeded, GrantsNotSorted for a
 * grant given twice, EpochNotEnded, EpochSettled, EpochOutsideClaim, NothingDue)
 */
export async function claimDirect(
  sender: TransactionSender,
  claim: DirectClaim,
  signal?: AbortSignal,
): Promise<PaidTransaction> {
  const domain = domainOf(sender.deployment);
  const receipts = claim.receipts
    .map((pair) => ({ pair, hash: grantHashOf(domain, pair.signedGrant.grant) }))
    .sort(byHash)
    .map(({ pair: { signedGrant, signedReceipt } }) => {
      const grantSignature = halves(signedGrant.signature);
      const receiptSignature = halves(signedReceipt.signature);
      return {
        viewerKey: signedGrant.grant.viewerKey,
        epoch: signedGrant.grant.epoch,
        capBytes: signedGrant.grant.capBytes,
        grantR: grantSignature.r,
        grantVS: grantSignature.vs,
        bytesCumulative: signedReceipt.receipt.bytesCumulative,
        receiptR: receiptSignature.r,
        receiptVS: receiptSignature.vs,
      };
    });
  const data = marketInterface.encodeFunctionData('claimDirect', [
    claim.dealId,
    claim.toEpoch,
    receipts,
    claim.to,
  ]);
  return paid(await sender.send({ to: sender.deployment.market, data }, signal), 'DirectClaimed');
}

function paid(transaction: MinedTransaction, event: 'VoucherRedeemed' | 'DirectClaimed'): PaidTransaction {
  return { transaction, payments: paymentsIn(transaction, marketInterface, event) };
}

/** The payments that a transaction logged by one of the market's events. */
export function paymentsIn(
  transaction: Pick<MinedTransaction, 'logs'>,
  face: Interface,
  event: 'VoucherRedeemed' | 'DirectClaimed' | 'ClaimPaid',
): Payment[] {
  const payments: Payment[] = [];
  for (const log of transaction.logs) {
    const parsed = face.parseLog({ topics: [...log.topics], data: log.data });
    if (parsed?.name !== event) continue;
    payments.push({
      dealId: parseDealId(String(parsed.args['dealId'])),
      node: parseAddress(String(parsed.args['node'])),
      paidWei: BigInt(String(parsed.args['paidWei'])),
      feeWei: BigInt(String(parsed.args['feeWei'])),
    });
  }
  return payments;
}
