import { DatabaseSync } from 'node:sqlite';

import { parseDealId, parseEpoch, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { CarriedGrant } from '../../core/carriage/carriage-ledger.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { diskError } from './disk-error.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE carried (
    grant_hash TEXT PRIMARY KEY, deal_id TEXT NOT NULL, epoch INTEGER NOT NULL, cap_bytes INTEGER NOT NULL,
    written_bytes INTEGER NOT NULL CHECK (written_bytes <= cap_bytes));
  PRAGMA user_version = ${SCHEMA_VERSION};`;

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
    const database = new DatabaseSync(path);
    // A commit is on disk when it returns: bytes leave after it.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) database.exec(`BEGIN; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION) {
      database.close();
      throw new StorageError(
        'STORE_VERSION_UNKNOWN',
        `${path} was written by another version of bcdn-node.`,
        {
          values: { path, version, expected: SCHEMA_VERSION },
          remedy: 'Start the version that wrote it.',
        },
      );
    }
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
