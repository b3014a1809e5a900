import { parseAddress, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from './database.ts';
import { integerOf, textOf } from './rows.ts';

/** The last word of a publisher who may be granted something of its deal. */
export interface AudienceRecord {
  /** Signs admissions; the zero address lets everybody in. */
  readonly audienceKey: Address;
  /** Unix seconds, as the publisher signed them. */
  readonly issuedAt: number;
}

/** @returns undefined for a deal that no publisher has said anything about */
export async function findAudience(sql: Sql, dealId: DealId): Promise<AudienceRecord | undefined> {
  const row = await sql.get('SELECT audience_key, issued_at FROM audiences WHERE deal_id = ?', dealId);
  if (row === undefined) return undefined;
  return { audienceKey: parseAddress(textOf(row, 'audience_key')), issuedAt: integerOf(row, 'issued_at') };
}

/** Takes the place of what was said before. */
export async function saveAudience(sql: Sql, dealId: DealId, audience: AudienceRecord): Promise<void> {
  await sql.run(
    `INSERT INTO audiences (deal_id, audience_key, issued_at) VALUES (?, ?, ?)
     ON CONFLICT (deal_id) DO UPDATE SET audience_key = excluded.audience_key, issued_at = excluded.issued_at`,
    dealId,
    audience.audienceKey,
    audience.issuedAt,
  );
}
