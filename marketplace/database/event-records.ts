import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import type { EventArguments } from '../indexer/chain-event.ts';
import type { Row, Sql } from './database.ts';
import { argumentsOf } from './event-arguments.ts';
import type { Page, PageOf } from './node-records.ts';
import { integerOf, textOf } from './rows.ts';

/** An event of our contracts as it was indexed. */
export interface EventRecord {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  /** Unix seconds of its block. */
  readonly atSeconds: number;
  readonly contract: string;
  readonly name: string;
  readonly arguments: EventArguments;
}

/** Events that name a deal, a node or a transaction, the newest first; an absent filter matches all. */
export async function listEvents(
  sql: Sql,
  filter: { dealId?: DealId; node?: Address; transaction?: Hex },
  page: Page,
): Promise<PageOf<EventRecord>> {
  const conditions = ['1 = 1'];
  const values: string[] = [];
  if (filter.dealId !== undefined) {
    conditions.push(`subject = ? AND contract = 'market'`);
    values.push(filter.dealId);
  }
  if (filter.node !== undefined) {
    conditions.push('node = ?');
    values.push(filter.node);
  }
  if (filter.transaction !== undefined) {
    conditions.push('transaction_hash = ?');
    values.push(filter.transaction);
  }
  const condition = conditions.join(' AND ');
  const count = await sql.get(`SELECT COUNT(*) AS total FROM events WHERE ${condition}`, ...values);
  const rows = await sql.all(
    `SELECT * FROM events WHERE ${condition} ORDER BY block_number DESC, log_index DESC LIMIT ? OFFSET ?`,
    ...values,
    page.limit,
    page.offset,
  );
  return { total: count === undefined ? 0 : integerOf(count, 'total'), rows: rows.map(eventOf) };
}

/** Events of a transaction in the order of the chain. @param limit most that are read */
export async function readEventsOfTransaction(sql: Sql, hash: Hex, limit: number): Promise<EventRecord[]> {
  const rows = await sql.all(
    'SELECT * FROM events WHERE transaction_hash = ? ORDER BY block_number, log_index LIMIT ?',
    hash,
    limit,
  );
  return rows.map(eventOf);
}

/** Payments to a node from a deal, the earliest first. */
export async function readPayments(
  sql: Sql,
  allocation: { dealId: DealId; node: Address },
): Promise<EventRecord[]> {
  const rows = await sql.all(
    `SELECT * FROM events WHERE subject = ? AND node = ? AND contract = 'market'
       AND name IN ('VoucherRedeemed', 'DirectClaimed', 'ClaimPaid') ORDER BY block_number, log_index`,
    allocation.dealId,
    allocation.node,
  );
  return rows.map(eventOf);
}

function eventOf(row: Row): EventRecord {
  return {
    blockNumber: integerOf(row, 'block_number'),
    logIndex: integerOf(row, 'log_index'),
    transactionHash: textOf(row, 'transaction_hash'),
    atSeconds: integerOf(row, 'timestamp_seconds'),
    contract: textOf(row, 'contract'),
    name: textOf(row, 'name'),
    arguments: argumentsOf(row),
  };
}
