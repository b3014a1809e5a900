import type { DatabaseSync } from 'node:sqlite';

import { uint64ToBytes, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  decodeSignedNotice,
  encodeSignedNotice,
  NOTICE_SKEW_SECONDS,
  NOTICE_VALIDITY_SECONDS,
  type ContentNotice,
  type SignedContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import { ages } from '../../core/notices/notice-admission.ts';
import { NoticeError } from '../../core/notices/notice-error.ts';
import { MAX_AGEING_NOTICES, MAX_TAKEDOWNS } from '../../core/notices/notice-limits.ts';
import { openVersionedDatabase } from './versioned-database.ts';

const SCHEMA = `
  CREATE TABLE notices (
    id INTEGER PRIMARY KEY, deal BLOB NOT NULL, sequence BLOB NOT NULL, ages INTEGER NOT NULL,
    forget_at INTEGER, applied INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL, UNIQUE (deal, sequence)
  );
  CREATE INDEX notices_by_age ON notices (ages, forget_at);
`;

/** Notices that this node obeys, on disk: takedowns for good, purges and tags until they have aged. */
export class NoticeStore {
  readonly #database: DatabaseSync;
  readonly #has;
  readonly #add;
  readonly #applied;
  readonly #forget;
  readonly #count;

  /** @throws StorageError STORE_VERSION_UNKNOWN */
  constructor(path: string) {
    // FULL: what was accepted is not forgotten by a power cut.
    this.#database = openVersionedDatabase(path, { migrations: [SCHEMA], synchronous: 'FULL' });
    this.#has = this.#database.prepare('SELECT 1 AS found FROM notices WHERE deal = ? AND sequence = ?');
    this.#add = this.#database.prepare(
      'INSERT INTO notices (deal, sequence, ages, forget_at, bytes) VALUES (?, ?, ?, ?, ?)',
    );
    this.#applied = this.#database.prepare('UPDATE notices SET applied = 1 WHERE deal = ? AND sequence = ?');
    this.#forget = this.#database.prepare('DELETE FROM notices WHERE ages = 1 AND forget_at < ?');
    this.#count = this.#database.prepare('SELECT COUNT(*) AS count FROM notices WHERE ages = ?');
  }

  close(): void {
    this.#database.close();
  }

  has(notice: Pick<ContentNotice, 'dealId' | 'sequence'>): boolean {
    return this.#has.get(...nameOf(notice)) !== undefined;
  }

  /** Keeps a notice. @throws NoticeError NOTICE_REPEATED, NOTICES_FULL */
  add(signed: SignedContentNotice, nowSeconds: number): void {
    const { notice } = signed;
    if (this.has(notice)) throw repeated(notice);
    this.#forget.run(Math.floor(nowSeconds));
    const ageing = ages(notice);
    const limit = ageing ? MAX_AGEING_NOTICES : MAX_TAKEDOWNS;
    if (Number(this.#count.get(ageing ? 1 : 0)?.['count'] ?? 0) >= limit) throw full(limit);
    const forgetAt = Number(notice.issuedAt) + NOTICE_VALIDITY_SECONDS + NOTICE_SKEW_SECONDS;
    const bytes = encodeSignedNotice(signed);
    this.#add.run(...nameOf(notice), ageing ? 1 : 0, ageing ? forgetAt : null, bytes);
  }

  /** Notes that a notice has had its effect. */
  markApplied(notice: ContentNotice): void {
    this.#applied.run(...nameOf(notice));
  }

  /** Notices whose effect a fall may have cut short, the oldest first. */
  unapplied(): SignedContentNotice[] {
    return this.#read('SELECT bytes FROM notices WHERE applied = 0 ORDER BY id');
  }

  /** Takedowns, the newest first. */
  takedowns(limit = MAX_TAKEDOWNS): SignedContentNotice[] {
    return this.#read(`SELECT bytes FROM notices WHERE ages = 0 ORDER BY id DESC LIMIT ${Math.floor(limit)}`);
  }

  #read(sql: string): SignedContentNotice[] {
    return this.#database
      .prepare(sql)
      .all()
      .map((row) => decodeSignedNotice(row['bytes'] as Uint8Array));
  }
}

function nameOf({ dealId, sequence }: Pick<ContentNotice, 'dealId' | 'sequence'>): [Uint8Array, Uint8Array] {
  return [hexToBytes(dealId, 32), uint64ToBytes(sequence)];
}

function repeated({ dealId, sequence }: ContentNotice): NoticeError {
  return new NoticeError('NOTICE_REPEATED', 'The notice is known already.', {
    values: { dealId, sequence },
    remedy: 'Use another sequence number for another notice.',
  });
}

function full(limit: number): NoticeError {
  return new NoticeError('NOTICES_FULL', 'The node keeps as many notices as it can.', {
    values: { limit },
    remedy: 'Close the deal instead; the node stops serving it then.',
  });
}
