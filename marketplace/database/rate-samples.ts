import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from './database.ts';
import { integerOf } from './rows.ts';

/** A grant that was receipted, with the times that bound how long its fetch took. */
export interface ReceiptedGrant {
  readonly bytes: number;
  readonly issuedAtMs: number;
  readonly receiptedAtMs: number;
}

/** The newest receipts of a node that count enough bytes to tell a rate. @param range.limit most that are read */
export async function readReceiptedGrants(
  sql: Sql,
  node: Address,
  range: { readonly sinceEpoch: number; readonly minBytes: number; readonly limit: number },
): Promise<ReceiptedGrant[]> {
  const rows = await sql.all(
    `SELECT receipts.bytes_cumulative, receipts.updated_at_ms, grants.issued_at_ms
     FROM receipts JOIN grants ON grants.grant_hash = receipts.grant_hash
     WHERE receipts.node = ? AND receipts.epoch >= ? AND receipts.bytes_cumulative >= ?
     ORDER BY receipts.epoch DESC, receipts.grant_hash LIMIT ?`,
    node,
    range.sinceEpoch,
    range.minBytes,
    range.limit,
  );
  return rows.map((row) => ({
    bytes: integerOf(row, 'bytes_cumulative'),
    issuedAtMs: integerOf(row, 'issued_at_ms'),
    receiptedAtMs: integerOf(row, 'updated_at_ms'),
  }));
}
