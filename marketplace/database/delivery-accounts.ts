import { parseAddress, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import { integerOf, textOf } from './rows.ts';

const MINUTE_MS = 60_000;

/** Bytes that a receipt says were delivered beyond the one before it. */
export interface Delivered {
  readonly dealId: DealId;
  readonly node: Address;
  /** As the viewer named it; empty if it named none. */
  readonly viewerRegion: string;
  readonly bytes: bigint;
  readonly atMs: number;
}

/** What one node delivered for one deal. */
export interface DeliveryAccount {
  readonly node: Address;
  readonly bytes: bigint;
  readonly lastAtMs: number;
}

/** Deliveries of one node to viewers of one region, over all deals. */
export interface RegionalDelivery {
  readonly node: Address;
  readonly viewerRegion: string;
  readonly bytes: bigint;
}

/** Deliveries of one minute. */
export interface MinuteOfDelivery extends RegionalDelivery {
  readonly minuteSeconds: number;
}

/**
 * Adds to the accounts of deliveries, which are the receipts added up. Called in the transaction that keeps the receipt, so
 * that the two never differ.
 */
export async function addDelivery(sql: Sql, delivered: Delivered): Promise<void> {
  const { dealId, node, viewerRegion, bytes, atMs } = delivered;
  await sql.run(
    `INSERT INTO delivery_accounts (deal_id, node, bytes, last_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (deal_id, node) DO UPDATE SET bytes = delivery_accounts.bytes + excluded.bytes,
       last_at_ms = excluded.last_at_ms`,
    dealId,
    node,
    Number(bytes),
    atMs,
  );
  await sql.run(
    `INSERT INTO delivery_minutes (minute_seconds, deal_id, node, viewer_region, bytes) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (minute_seconds, deal_id, node, viewer_region)
     DO UPDATE SET bytes = delivery_minutes.bytes + excluded.bytes`,
    (Math.floor(atMs / MINUTE_MS) * MINUTE_MS) / 1000,
    dealId,
    node,
    viewerRegion,
    Number(bytes),
  );
}

/** Bytes of all receipts. */
export async function sumDelivered(sql: Sql): Promise<bigint> {
  const row = await sql.get('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM delivery_accounts');
  return row === undefined ? 0n : BigInt(integerOf(row, 'bytes'));
}

/** Accounts of a deal, in the order of the nodes. */
export async function readDeliveryAccounts(sql: Sql, dealId: DealId): Promise<DeliveryAccount[]> {
  const rows = await sql.all(
    'SELECT node, bytes, last_at_ms FROM delivery_accounts WHERE deal_id = ? ORDER BY node',
    dealId,
  );
  return rows.map((row) => ({
    node: parseAddress(textOf(row, 'node')),
    bytes: BigInt(integerOf(row, 'bytes')),
    lastAtMs: integerOf(row, 'last_at_ms'),
  }));
}

/** What each node delivered since a time, by region of the viewers. */
export async function readRegionalDeliveries(sql: Sql, sinceSeconds: number): Promise<RegionalDelivery[]> {
  const rows = await sql.all(
    `SELECT node, viewer_region, SUM(bytes) AS bytes FROM delivery_minutes WHERE minute_seconds >= ?
     GROUP BY node, viewer_region ORDER BY node, viewer_region`,
    sinceSeconds,
  );
  return rows.map(regionalOf);
}

/** What each node delivered of a deal since a time, and from when on. */
export async function readDeliveriesOfDeal(
  sql: Sql,
  dealId: DealId,
  sinceSeconds: number,
): Promise<{ node: Address; bytes: bigint; firstSeconds: number }[]> {
  const rows = await sql.all(
    `SELECT node, SUM(bytes) AS bytes, MIN(minute_seconds) AS first_seconds FROM delivery_minutes
     WHERE deal_id = ? AND minute_seconds >= ? GROUP BY node ORDER BY node`,
    dealId,
    sinceSeconds,
  );
  return rows.map((row) => ({
    node: parseAddress(textOf(row, 'node')),
    bytes: BigInt(integerOf(row, 'bytes')),
    firstSeconds: integerOf(row, 'first_seconds'),
  }));
}

/** The latest deliveries of a deal, by minute, node and region of the viewers. */
export async function readLatestDeliveries(
  sql: Sql,
  dealId: DealId,
  limit: number,
): Promise<MinuteOfDelivery[]> {
  const rows = await sql.all(
    `SELECT minute_seconds, node, viewer_region, bytes FROM delivery_minutes WHERE deal_id = ?
     ORDER BY minute_seconds DESC, node, viewer_region LIMIT ?`,
    dealId,
    limit,
  );
  return rows.map((row) => ({ ...regionalOf(row), minuteSeconds: integerOf(row, 'minute_seconds') }));
}

/** Forgets the minutes before a time; the accounts keep their sums. */
export async function forgetMinutes(sql: Sql, beforeSeconds: number): Promise<void> {
  await sql.run('DELETE FROM delivery_minutes WHERE minute_seconds < ?', beforeSeconds);
}

function regionalOf(row: Row): RegionalDelivery {
  return {
    node: parseAddress(textOf(row, 'node')),
    viewerRegion: textOf(row, 'viewer_region'),
    bytes: BigInt(integerOf(row, 'bytes')),
  };
}
