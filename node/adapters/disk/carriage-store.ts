import type { DatabaseSync } from 'node:sqlite';

import { parseDealId, parseEpoch, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { CarriedGrant } from '../../core/carriage/carriage-ledger.ts';
import { diskError } from './disk-error.ts';
import { openVersionedDatabase } from './versioned-database.ts';

const SCHEMA = `
  CREATE TABLE carried (
    grant_hash TEXT PRIMARY KEY, deal_id TEXT NOT NULL, epoch INTEGER NOT NULL, cap_bytes INTEGER NOT NULL,
    written_bytes INTEGER NOT NULL CHECK (written_bytes <= cap_bytes));`;

/** What was carried under each carriage grant, on disk before it leaves (node/core/carriage/SPEC.md, rule 3). */
export class CarriageStore {
  readonly #database: DatabaseSync;
  readonly #path: string;

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** Opens or creates the store. @throws StorageError STORE_VERSION_UNKNOWN */
  static open(path: string): CarriageStore {
    // A commit is on disk when it returns: bytes leave after it.
    const database = openVersionedDatabase(path, { migrations: [SCHEMA], synchronous: 'FULL' });
    return new CarriageStore(database, path);
  }

  /** Returns when it is on disk. @throws StorageError DISK_FULL, DISK_FAILED */
  write({ grantHash, dealId, epoch, capBytes, writtenBytes }: CarriedGrant): void {
    try {
      this.#database
        .prepare(
          `INSERT INTO carried VALUES (?, ?, ?, ?, ?) ON CONFLICT (grant_hash) DO UPDATE
           SET written_bytes = MAX(carried.written_bytes, excluded.written_bytes)`,
        )
        .run(grantHash, dealId, epoch, capBytes, writtenBytes);
    } catch (cause) {
      throw diskError(cause, this.#path);
    }
  }

  /** Every grant that is remembered. */
  grants(): CarriedGrant[] {
    return this.#database
      .prepare('SELECT * FROM carried')
      .all()
      .map((row) => ({
        grantHash: parseGrantHash(String(row['grant_hash'])),
        dealId: parseDealId(String(row['deal_id'])),
        epoch: parseEpoch(Number(row['epoch'])),
        capBytes: Number(row['cap_bytes']),
        writtenBytes: Number(row['written_bytes']),
      }));
  }

  /** Forgets grants of epochs up to this one. */
  forgetThrough(epoch: number): void {
    this.#database.prepare('DELETE FROM carried WHERE epoch <= ?').run(epoch);
  }

  close(): void {
    this.#database.close();
  }
}
