import type { EventArguments } from '../indexer/chain-event.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { readClaimedSpans } from '../database/claim-records.ts';
import type { Sql } from '../database/database.ts';
import { findAllocation } from '../database/deal-records.ts';
import { readPayments, type EventRecord } from '../database/event-records.ts';
import { findBatch, readRatedBytes, type ReceiptBatch } from '../database/receipt-batches.ts';
import { findVoucher } from '../database/receipt-ledger.ts';
import { batchWei } from './batch-price.ts';

/** A batch of receipts with its way to the money. */
export interface BatchPage extends ReceiptBatch {
  /** What it added to what its node has earned. */
  readonly wei: bigint;
  /** The last voucher of node and deal, if it settles the epoch. */
  readonly voucher: { readonly throughEpoch: number; readonly cumulativeWei: bigint } | undefined;
  /** The transaction that paid for the epoch, if one has. */
  readonly paidBy: EventRecord | undefined;
}

/** @returns undefined if there is no receipt of the epoch */
export async function readBatchPage(
  sql: Sql,
  key: { dealId: DealId; node: Address; epoch: number },
): Promise<BatchPage | undefined> {
  const batch = await findBatch(sql, key);
  if (batch === undefined) return undefined;
  const { dealId, node, epoch } = key;
  const books = {
    receipts: await readRatedBytes(sql, { dealId, node, throughEpoch: epoch }),
    claims: await readClaimedSpans(sql, { dealId, node }),
    ratePerGiB: (await findAllocation(sql, dealId, node))?.ratePerGiB,
  };
  const signed = (await findVoucher(sql, { dealId, node }))?.voucher;
  const payments = await readPayments(sql, { dealId, node });
  return {
    ...batch,
    wei: batchWei(books, epoch),
    voucher:
      signed === undefined || signed.throughEpoch < epoch
        ? undefined
        : { throughEpoch: signed.throughEpoch, cumulativeWei: signed.cumulative },
    paidBy: payments.find((payment) => settledThrough(payment.arguments) >= epoch),
  };
}

/** A payment settles the epochs up to this one. */
function settledThrough(args: EventArguments): number {
  const text = args['throughEpoch'] ?? args['toEpoch'];
  return typeof text === 'string' ? Number(text) : -1;
}
