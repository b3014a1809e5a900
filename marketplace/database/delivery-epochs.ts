import type { DealId } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from './database.ts';
import { integerOf } from './rows.ts';

/** What the receipts of one epoch of a deal add up to. */
export interface EpochOfDelivery {
  readonly epoch: number;
  readonly bytes: number;
  /** Viewer keys with a receipt in it. */
  readonly viewers: number;
}

/** The last epochs of a deal that have receipts, the latest first. */
export async function readDeliveryEpochs(
  sql: Sql,
  dealId: DealId,
  limit: number,
): Promise<EpochOfDelivery[]> {
  const rows = await sql.all(
    `SELECT receipts.epoch, SUM(receipts.bytes_cumulative) AS bytes, COUNT(DISTINCT grants.viewer_key) AS viewers
     FROM receipts JOIN grants ON grants.grant_hash = receipts.grant_hash
     WHERE receipts.deal_id = ? GROUP BY receipts.epoch ORDER BY receipts.epoch DESC LIMIT ?`,
    dealId,
    limit,
  );
  return rows.map((row) => ({
    epoch: integerOf(row, 'epoch'),
    bytes: integerOf(row, 'bytes'),
    viewers: integerOf(row, 'viewers'),
  }));
}

/** Viewer keys that have receipts of a deal. */
export async function countViewers(sql: Sql, dealId: DealId): Promise<number> {
  const row = await sql.get(
    `SELECT COUNT(DISTINCT grants.viewer_key) AS viewers
     FROM receipts JOIN grants ON grants.grant_hash = receipts.grant_hash WHERE receipts.deal_id = ?`,
    dealId,
  );
  return row === undefined ? 0 : integerOf(row, 'viewers');
}
