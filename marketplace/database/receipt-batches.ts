import { parseAddress, parseDealId, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import type { Page, PageOf } from './node-records.ts';
import { integerOf, textOf } from './rows.ts';

/** The receipts of one node, deal and epoch, added up. */
export interface ReceiptBatch {
  readonly dealId: DealId;
  readonly node: Address;
  readonly epoch: number;
  readonly receipts: number;
  readonly bytes: number;
}

/** Receipted bytes of one epoch at one rate of a peer; the rate is undefined at the expense of the allocation. */
export interface RatedBytes {
  readonly epoch: number;
  readonly bytes: bigint;
  readonly peerRatePerGiB: bigint | undefined;
}

const BATCH = `SELECT deal_id, node, epoch, COUNT(*) AS receipts, SUM(bytes_cumulative) AS bytes FROM receipts`;

/** Batches, the latest epoch first; one of the filters must be given. */
export async function listBatches(
  sql: Sql,
  filter: { dealId?: DealId; node?: Address },
  page: Page,
): Promise<PageOf<ReceiptBatch>> {
  const { dealId, node } = filter;
  const conditions = [dealId === undefined ? [] : ['deal_id = ?'], node === undefined ? [] : ['node = ?']];
  const condition = conditions.flat().join(' AND ') || '1 = 1';
  const values = [dealId, node].filter((value) => value !== undefined);
  const count = await sql.get(
    `SELECT COUNT(*) AS total FROM (SELECT DISTINCT deal_id, node, epoch FROM receipts WHERE ${condition}) AS batches`,
    ...values,
  );
  const rows = await sql.all(
    `${BATCH} WHERE ${condition} GROUP BY deal_id, node, epoch ORDER BY epoch DESC, deal_id, node LIMIT ? OFFSET ?`,
    ...values,
    page.limit,
    page.offset,
  );
  return { total: count === undefined ? 0 : integerOf(count, 'total'), rows: rows.map(batchOf) };
}

/** @returns undefined if there is no receipt */
export async function findBatch(
  sql: Sql,
  key: { dealId: DealId; node: Address; epoch: number },
): Promise<ReceiptBatch | undefined> {
  const row = await sql.get(
    `${BATCH} WHERE deal_id = ? AND node = ? AND epoch = ? GROUP BY deal_id, node, epoch`,
    key.dealId,
    key.node,
    key.epoch,
  );
  return row === undefined ? undefined : batchOf(row);
}

/** Bytes of a node in a deal by epoch and rate, up to an epoch. */
export async function readRatedBytes(
  sql: Sql,
  key: { dealId: DealId; node: Address; throughEpoch: number },
): Promise<RatedBytes[]> {
  const rows = await sql.all(
    `SELECT epoch, peer_rate_per_gib, SUM(bytes_cumulative) AS bytes FROM receipts
     WHERE deal_id = ? AND node = ? AND epoch <= ? GROUP BY epoch, peer_rate_per_gib ORDER BY epoch`,
    key.dealId,
    key.node,
    key.throughEpoch,
  );
  return rows.map((row) => {
    const rate = row['peer_rate_per_gib'];
    return {
      epoch: integerOf(row, 'epoch'),
      bytes: BigInt(integerOf(row, 'bytes')),
      peerRatePerGiB:
        rate === null || rate === undefined ? undefined : BigInt(textOf(row, 'peer_rate_per_gib')),
    };
  });
}

function batchOf(row: Row): ReceiptBatch {
  return {
    dealId: parseDealId(textOf(row, 'deal_id')),
    node: parseAddress(textOf(row, 'node')),
    epoch: integerOf(row, 'epoch'),
    receipts: integerOf(row, 'receipts'),
    bytes: integerOf(row, 'bytes'),
  };
}
