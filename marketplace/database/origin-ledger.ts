import type { ContentOrigin, OriginKind, SignedContentOrigin } from '../../sdk/protocol/content-origin.ts';
import { ORIGIN_KINDS } from '../../sdk/protocol/content-origin.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { MarketplaceError } from '../errors.ts';
import type { Sql } from './database.ts';
import { bytesOf, integerOf, textOf } from './rows.ts';

/** @returns undefined for a deal whose publisher has said nothing of an origin */
export async function findOrigin(sql: Sql, dealId: DealId): Promise<SignedContentOrigin | undefined> {
  const row = await sql.get(
    'SELECT kind, url, bytes, etag, last_modified, issued_at, signature FROM content_origins WHERE deal_id = ?',
    dealId,
  );
  if (row === undefined) return undefined;
  const origin: ContentOrigin = {
    dealId,
    kind: kindOf(textOf(row, 'kind')),
    url: textOf(row, 'url'),
    bytes: BigInt(integerOf(row, 'bytes')),
    etag: textOf(row, 'etag'),
    lastModified: textOf(row, 'last_modified'),
    issuedAt: BigInt(integerOf(row, 'issued_at')),
  };
  return { origin, signature: bytesOf(row, 'signature') };
}

/** Takes the place of what was said before. */
export async function saveOrigin(sql: Sql, { origin, signature }: SignedContentOrigin): Promise<void> {
  await sql.run('DELETE FROM content_origins WHERE deal_id = ?', origin.dealId);
  await sql.run(
    `INSERT INTO content_origins (deal_id, kind, url, bytes, etag, last_modified, issued_at, signature)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    origin.dealId,
    origin.kind,
    origin.url,
    Number(origin.bytes),
    origin.etag,
    origin.lastModified,
    Number(origin.issuedAt),
    signature,
  );
}

function kindOf(text: string): OriginKind {
  const kind = ORIGIN_KINDS.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new MarketplaceError('DATABASE_CORRUPT', 'An origin in the database is of no known kind.', {
    kind: text,
  });
}
