import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import { bytesOf, integerOf, optionalTextOf, textOf } from './rows.ts';

/** A grant key and a collector key made for one deal, private parts sealed. */
export interface KeyPairRecord {
  readonly grantKey: Address;
  readonly collector: Address;
  readonly sealedGrantKey: Uint8Array;
  readonly sealedCollector: Uint8Array;
  /** If given, only deals of this publisher are served with the pair. */
  readonly publisher: Address | undefined;
  readonly createdAtSeconds: number;
}

export async function insertKeyPair(sql: Sql, pair: KeyPairRecord): Promise<void> {
  await sql.run(
    `INSERT INTO key_pairs (grant_key, collector, sealed_grant_key, sealed_collector, publisher, created_at_seconds)
     VALUES (?, ?, ?, ?, ?, ?)`,
    pair.grantKey,
    pair.collector,
    pair.sealedGrantKey,
    pair.sealedCollector,
    pair.publisher ?? null,
    pair.createdAtSeconds,
  );
}

export function findPairByGrantKey(sql: Sql, grantKey: Address): Promise<KeyPairRecord | undefined> {
  return onePair(sql, 'SELECT * FROM key_pairs WHERE grant_key = ?', grantKey);
}

export function findPairByCollector(sql: Sql, collector: Address): Promise<KeyPairRecord | undefined> {
  return onePair(sql, 'SELECT * FROM key_pairs WHERE collector = ?', collector);
}

/** No deal names them, now or before a rotation. */
const UNUSED = `grant_key NOT IN (SELECT grant_key FROM deals)
  AND collector NOT IN (SELECT collector FROM deals)
  AND grant_key NOT IN (SELECT previous_grant_key FROM deals WHERE previous_grant_key IS NOT NULL)
  AND collector NOT IN (SELECT previous_collector FROM deals WHERE previous_collector IS NOT NULL)`;

export async function countUnusedPairs(sql: Sql): Promise<number> {
  const row = await sql.get(`SELECT COUNT(*) AS unused FROM key_pairs WHERE ${UNUSED}`);
  return row === undefined ? 0 : integerOf(row, 'unused');
}

/** Only while the index is level with the chain: otherwise keys of deals that it does not have yet look unused. */
export async function forgetUnusedPairs(sql: Sql, createdBeforeSeconds: number): Promise<void> {
  await sql.run(`DELETE FROM key_pairs WHERE created_at_seconds < ? AND ${UNUSED}`, createdBeforeSeconds);
}

async function onePair(sql: Sql, statement: string, address: Address): Promise<KeyPairRecord | undefined> {
  const row: Row | undefined = await sql.get(statement, address);
  if (row === undefined) return undefined;
  const publisher = optionalTextOf(row, 'publisher');
  return {
    grantKey: parseAddress(textOf(row, 'grant_key')),
    collector: parseAddress(textOf(row, 'collector')),
    sealedGrantKey: bytesOf(row, 'sealed_grant_key'),
    sealedCollector: bytesOf(row, 'sealed_collector'),
    publisher: publisher === undefined ? undefined : parseAddress(publisher),
    createdAtSeconds: integerOf(row, 'created_at_seconds'),
  };
}
