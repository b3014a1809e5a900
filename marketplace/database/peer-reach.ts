import type { DealId } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from './database.ts';
import { integerOf } from './rows.ts';

/** The last word of a publisher whether its peers serve viewers of other domains directly. */
export interface PeerReachRecord {
  readonly everywhere: boolean;
  /** Unix seconds, as the publisher signed them; 0 if it has said nothing. */
  readonly issuedAt: number;
}

export async function readPeerReach(sql: Sql, dealId: DealId): Promise<PeerReachRecord> {
  const row = await sql.get('SELECT everywhere, issued_at FROM peer_reaches WHERE deal_id = ?', dealId);
  if (row === undefined) return { everywhere: false, issuedAt: 0 };
  return { everywhere: integerOf(row, 'everywhere') === 1, issuedAt: integerOf(row, 'issued_at') };
}

/** A word takes the place of an earlier one, and may be said again. @returns whether it was taken */
export async function savePeerReach(
  sql: Sql,
  dealId: DealId,
  { everywhere, issuedAt }: PeerReachRecord,
): Promise<boolean> {
  const changed = await sql.run(
    `INSERT INTO peer_reaches (deal_id, everywhere, issued_at) VALUES (?, ?, ?)
     ON CONFLICT (deal_id) DO UPDATE SET everywhere = excluded.everywhere, issued_at = excluded.issued_at
     WHERE excluded.issued_at > peer_reaches.issued_at
       OR (excluded.issued_at = peer_reaches.issued_at AND excluded.everywhere = peer_reaches.everywhere)`,
    dealId,
    Number(everywhere),
    issuedAt,
  );
  return changed > 0;
}
