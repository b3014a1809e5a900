import type { Sql } from './database.ts';
import { textOf } from './rows.ts';

/** What can be found by the beginning of its identifier. */
export type FoundKind = 'node' | 'deal' | 'transaction' | 'contentRoot' | 'publisher';

export interface Found {
  readonly kind: FoundKind;
  readonly id: string;
}

/** Each is answered from an index: what begins with the text lies between it and the text with `g`, after all digits. */
const SEARCHES: readonly { readonly kind: FoundKind; readonly statement: string }[] = [
  { kind: 'node', statement: rangeOf('nodes', 'address') },
  { kind: 'deal', statement: rangeOf('deals', 'deal_id') },
  { kind: 'contentRoot', statement: rangeOf('deals', 'content_root') },
  { kind: 'publisher', statement: rangeOf('deals', 'publisher') },
  { kind: 'transaction', statement: rangeOf('events', 'transaction_hash') },
];

/** @param prefix `0x` and hexadecimal digits in lower case @param limit most of each kind */
export async function findByPrefix(sql: Sql, prefix: string, limit: number): Promise<Found[]> {
  const found: Found[] = [];
  for (const { kind, statement } of SEARCHES) {
    for (const row of await sql.all(statement, prefix, `${prefix}g`, limit))
      found.push({ kind, id: textOf(row, 'id') });
  }
  return found;
}

function rangeOf(table: string, column: string): string {
  return `SELECT DISTINCT ${column} AS id FROM ${table} WHERE ${column} >= ? AND ${column} < ? ORDER BY id LIMIT ?`;
}
