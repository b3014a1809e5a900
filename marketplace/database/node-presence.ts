import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from './database.ts';
import { integerOf, textOf } from './rows.ts';

/** The last word of a node about where it is and whether it carries. */
export interface PresenceRecord {
  readonly node: Address;
  /** Empty if it names none. */
  readonly label: string;
  readonly carries: boolean;
  /** Unix seconds; `carries` ends then, the label stays. */
  readonly expiresAtSeconds: number;
}

/** A word that expires earlier than the one that is known changes nothing. @returns whether it was taken */
export async function savePresence(sql: Sql, presence: PresenceRecord): Promise<boolean> {
  const changed = await sql.run(
    `INSERT INTO node_presence (node, label, carries, expires_at_seconds) VALUES (?, ?, ?, ?)
     ON CONFLICT (node) DO UPDATE SET label = excluded.label, carries = excluded.carries,
       expires_at_seconds = excluded.expires_at_seconds
     WHERE excluded.expires_at_seconds >= node_presence.expires_at_seconds`,
    presence.node,
    presence.label,
    Number(presence.carries),
    presence.expiresAtSeconds,
  );
  return changed > 0;
}

/** What a node calls its domain inside its region; empty for one that said nothing. */
export async function readDomainLabel(sql: Sql, node: Address): Promise<string> {
  const row = await sql.get('SELECT label FROM node_presence WHERE node = ?', node);
  return row === undefined ? '' : textOf(row, 'label');
}

/** Active edges that lend their uplink now. @param range.limit most that are read */
export async function readCarryingEdges(
  sql: Sql,
  range: { readonly nowSeconds: number; readonly limit: number },
): Promise<PresenceRecord[]> {
  const rows = await sql.all(
    `SELECT node_presence.* FROM node_presence JOIN nodes ON nodes.address = node_presence.node
     WHERE carries = 1 AND expires_at_seconds > ? AND nodes.role = 'edge' AND nodes.active = 1
     ORDER BY node LIMIT ?`,
    range.nowSeconds,
    range.limit,
  );
  return rows.map((row) => ({
    node: parseAddress(textOf(row, 'node')),
    label: textOf(row, 'label'),
    carries: integerOf(row, 'carries') === 1,
    expiresAtSeconds: integerOf(row, 'expires_at_seconds'),
  }));
}
