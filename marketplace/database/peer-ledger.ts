import {
  parseAddress,
  parseDealId,
  type Address,
  type ContentRoot,
  type DealId,
} from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, textOf } from './rows.ts';

/** Bytes of one peer in one deal that are priced alike. */
export interface PeerMeter {
  readonly peer: Address;
  readonly ratePerGiB: bigint;
  readonly bytes: bigint;
}

/** Adds receipted bytes; in the transaction that keeps the receipt, so that both are on disk or neither. */
export async function addPeerBytes(sql: Sql, dealId: DealId, meter: PeerMeter): Promise<void> {
  await sql.run(
    `INSERT INTO peer_bytes (deal_id, peer, rate_per_gib, bytes) VALUES (?, ?, ?, ?)
     ON CONFLICT (deal_id, peer, rate_per_gib) DO UPDATE SET bytes = peer_bytes.bytes + excluded.bytes`,
    dealId,
    meter.peer,
    meter.ratePerGiB.toString(),
    Number(meter.bytes),
  );
}

/** Receipted bytes of all peers of a deal, or of one, by rate. */
export async function readPeerMeters(sql: Sql, dealId: DealId, peer?: Address): Promise<PeerMeter[]> {
  const rows = await sql.all(
    `SELECT peer, rate_per_gib, bytes FROM peer_bytes WHERE deal_id = ? AND (? IS NULL OR peer = ?)
     ORDER BY peer, rate_per_gib`,
    dealId,
    peer ?? null,
    peer ?? null,
  );
  return rows.map(meterOf);
}

/** What grants of epochs above `afterEpoch` still allow from the peers of a deal, beyond what is receipted. */
export async function readOpenCaps(sql: Sql, dealId: DealId, afterEpoch: number): Promise<PeerMeter[]> {
  const rows = await sql.all(
    `SELECT grants.node AS peer, grants.peer_rate_per_gib AS rate_per_gib,
       SUM(grants.cap_bytes - COALESCE(receipts.bytes_cumulative, 0)) AS bytes
     FROM grants LEFT JOIN receipts ON receipts.grant_hash = grants.grant_hash
     WHERE grants.deal_id = ? AND grants.epoch > ? AND grants.peer_rate_per_gib IS NOT NULL
     GROUP BY grants.node, grants.peer_rate_per_gib`,
    dealId,
    afterEpoch,
  );
  return rows.map(meterOf);
}

/** Deals of which peers have receipts. @param limit most that are read */
export async function readDealsWithPeers(sql: Sql, limit: number): Promise<DealId[]> {
  const rows = await sql.all('SELECT DISTINCT deal_id FROM peer_bytes ORDER BY deal_id LIMIT ?', limit);
  return rows.map((row) => parseDealId(textOf(row, 'deal_id')));
}

/** Remembers that a peer holds a content; a later word takes the place of an earlier one. */
export async function savePeerHolding(
  sql: Sql,
  holding: { peer: Address; contentRoot: ContentRoot; expiresAtSeconds: number },
): Promise<void> {
  await sql.run(
    `INSERT INTO peer_holdings (peer, content_root, expires_at_seconds, offered_at_ms) VALUES (?, ?, ?, 0)
     ON CONFLICT (peer, content_root) DO UPDATE SET expires_at_seconds = excluded.expires_at_seconds
     WHERE excluded.expires_at_seconds > peer_holdings.expires_at_seconds`,
    holding.peer,
    holding.contentRoot,
    holding.expiresAtSeconds,
  );
}

export async function forgetExpiredHoldings(sql: Sql, nowSeconds: number): Promise<void> {
  await sql.run('DELETE FROM peer_holdings WHERE expires_at_seconds <= ?', nowSeconds);
}

export async function countHoldings(sql: Sql, peer: Address): Promise<number> {
  const row = await sql.get('SELECT COUNT(*) AS held FROM peer_holdings WHERE peer = ?', peer);
  return row === undefined ? 0 : integerOf(row, 'held');
}

/** Peers that hold a content now, those first that were offered to a viewer the longest time ago. */
export async function readHolders(
  sql: Sql,
  contentRoot: ContentRoot,
  range: { nowSeconds: number; limit: number },
): Promise<{ peer: Address; expiresAtSeconds: number }[]> {
  const rows = await sql.all(
    `SELECT peer, expires_at_seconds FROM peer_holdings WHERE content_root = ? AND expires_at_seconds > ?
     ORDER BY offered_at_ms, peer LIMIT ?`,
    contentRoot,
    range.nowSeconds,
    range.limit,
  );
  return rows.map((row) => ({
    peer: parseAddress(textOf(row, 'peer')),
    expiresAtSeconds: integerOf(row, 'expires_at_seconds'),
  }));
}

export async function noteOffered(
  sql: Sql,
  offered: { peer: Address; contentRoot: ContentRoot; atMs: number },
): Promise<void> {
  await sql.run(
    'UPDATE peer_holdings SET offered_at_ms = ? WHERE peer = ? AND content_root = ?',
    offered.atMs,
    offered.peer,
    offered.contentRoot,
  );
}

function meterOf(row: Row): PeerMeter {
  return {
    peer: parseAddress(textOf(row, 'peer')),
    ratePerGiB: bigintOf(row, 'rate_per_gib'),
    bytes: BigInt(integerOf(row, 'bytes')),
  };
}
