import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { parseEpoch } from '../../sdk/protocol/identifiers.ts';
import type { SignedReceipt } from '../../sdk/protocol/receipt.ts';
import type { SignedVoucher } from '../../sdk/protocol/voucher.ts';
import type { Row, Sql } from './database.ts';
import { issuedGrantOf, type IssuedGrant } from './grant-ledger.ts';
import type { ReceiptSource } from './kept-receipts.ts';
import { bigintOf, bytesOf, integerOf, textOf } from './rows.ts';

/** The best receipt known of a grant, with the grant. */
export interface HeldReceipt {
  readonly issued: IssuedGrant;
  readonly signedReceipt: SignedReceipt;
  readonly source: ReceiptSource;
  readonly updatedAtMs: number;
}

export interface Allocation {
  readonly dealId: DealId;
  readonly node: Address;
}

const RECEIPT_COLUMNS = `grants.grant_hash, grants.deal_id, grants.node, grants.viewer_key, grants.epoch, grants.cap_bytes,
  grants.content_root, grants.signature, grants.issued_at_ms, grants.peer_rate_per_gib, grants.peer_domain, grants.viewer_region,
  receipts.bytes_cumulative,
  receipts.signature AS receipt_signature, receipts.source, receipts.updated_at_ms`;

/** Bytes by epoch that are receipted at the expense of the allocation, for epochs up to `throughEpoch`. */
export async function readBytesByEpoch(
  sql: Sql,
  allocation: Allocation,
  throughEpoch: number,
): Promise<{ epoch: number; bytes: bigint }[]> {
  const rows = await sql.all(
    `SELECT epoch, SUM(bytes_cumulative) AS bytes FROM receipts
     WHERE deal_id = ? AND node = ? AND epoch <= ? AND peer_rate_per_gib IS NULL GROUP BY epoch ORDER BY epoch`,
    allocation.dealId,
    allocation.node,
    throughEpoch,
  );
  return rows.map((row) => ({ epoch: integerOf(row, 'epoch'), bytes: BigInt(integerOf(row, 'bytes')) }));
}

/**
 * Receipts of viewers that the node has not sent itself, best per grant, epochs above `afterEpoch` to `throughEpoch`.
 * Without those of epochs that a claim has settled: nothing more is paid for them.
 */
export async function readViewerReceipts(
  sql: Sql,
  allocation: Allocation,
  range: { afterEpoch: number; throughEpoch: number; limit: number },
): Promise<HeldReceipt[]> {
  const rows = await sql.all(
    `SELECT ${RECEIPT_COLUMNS} FROM receipts JOIN grants ON grants.grant_hash = receipts.grant_hash
     WHERE receipts.deal_id = ? AND receipts.node = ? AND receipts.epoch > ? AND receipts.epoch <= ?
       AND receipts.source = 'viewer'
       AND NOT EXISTS (SELECT 1 FROM direct_claims WHERE direct_claims.deal_id = receipts.deal_id
         AND direct_claims.node = receipts.node AND receipts.epoch > direct_claims.after_epoch
         AND receipts.epoch <= direct_claims.to_epoch)
       AND NOT EXISTS (SELECT 1 FROM sampled_claims WHERE sampled_claims.deal_id = receipts.deal_id
         AND sampled_claims.node = receipts.node AND receipts.epoch > sampled_claims.after_epoch
         AND receipts.epoch <= sampled_claims.to_epoch AND sampled_claims.state IN ('paid', 'void'))
     ORDER BY receipts.epoch DESC, receipts.grant_hash LIMIT ?`,
    allocation.dealId,
    allocation.node,
    range.afterEpoch,
    range.throughEpoch,
    range.limit,
  );
  return rows.map(heldReceiptOf);
}

/** The last voucher signed for a (deal, node). */
export async function findVoucher(sql: Sql, allocation: Allocation): Promise<SignedVoucher | undefined> {
  const row = await sql.get(
    'SELECT * FROM vouchers WHERE deal_id = ? AND node = ?',
    allocation.dealId,
    allocation.node,
  );
  if (row === undefined) return undefined;
  return {
    voucher: {
      ...allocation,
      throughEpoch: parseEpoch(integerOf(row, 'through_epoch')),
      cumulative: bigintOf(row, 'cumulative_wei'),
    },
    signature: bytesOf(row, 'signature'),
  };
}

export async function saveVoucher(sql: Sql, signed: SignedVoucher, nowMs: number): Promise<void> {
  const { voucher, signature } = signed;
  await sql.run(
    `INSERT INTO vouchers (deal_id, node, through_epoch, cumulative_wei, signature, signed_at_ms)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (deal_id, node) DO UPDATE SET through_epoch = excluded.through_epoch,
       cumulative_wei = excluded.cumulative_wei, signature = excluded.signature, signed_at_ms = excluded.signed_at_ms`,
    voucher.dealId,
    voucher.node,
    voucher.throughEpoch,
    voucher.cumulative.toString(),
    signature,
    nowMs,
  );
}

function heldReceiptOf(row: Row): HeldReceipt {
  const issued = issuedGrantOf(row);
  return {
    issued,
    signedReceipt: {
      receipt: { grantHash: issued.grantHash, bytesCumulative: BigInt(integerOf(row, 'bytes_cumulative')) },
      signature: bytesOf(row, 'receipt_signature'),
    },
    source: textOf(row, 'source') === 'viewer' ? 'viewer' : 'node',
    updatedAtMs: integerOf(row, 'updated_at_ms'),
  };
}
