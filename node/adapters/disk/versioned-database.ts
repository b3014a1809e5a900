import { DatabaseSync } from 'node:sqlite';

import { StorageError } from '../../core/storage/storage-error.ts';

export interface DatabaseVersions {
  /** Statements that lead from the version of their place to the next one: the first makes the tables of version 1. */
  readonly migrations: readonly string[];
  /**
   * `FULL`: a commit is on disk when it returns. `NORMAL`: a power cut may lose the newest commits, never their order.
   * @default FULL
   */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/**
 * Opens or creates a database of the node and brings it to this version, in one transaction; a file of a later version is
 * left as it is.
 * @throws StorageError STORE_VERSION_UNKNOWN (values: path, version, known)
 */
export function openVersionedDatabase(path: string, versions: DatabaseVersions): DatabaseSync {
  const { migrations, synchronous = 'FULL' } = versions;
  const known = migrations.length;
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  const version = versionOf(database);
  if (version > known) {
    database.close();
    throw versionUnknown(path, { version, known });
  }
  const steps = migrations.slice(version).join('\n');
  try {
    if (version < known) database.exec(`BEGIN; ${steps} PRAGMA user_version = ${known}; COMMIT`);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/**
 * Opens a database that another process owns, to read it: it has to be of exactly this version.
 * @param options.busyMs how long to wait while the owner holds it
 * @throws StorageError STORE_VERSION_UNKNOWN (values: path, version, known)
 */
export function inspectVersionedDatabase(
  path: string,
  options: { readonly known: number; readonly busyMs?: number },
): DatabaseSync {
  const { known, busyMs = 0 } = options;
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  const version = versionOf(database);
  if (version === known) return database;
  database.close();
  throw versionUnknown(path, { version, known });
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

function versionUnknown(
  path: string,
  { version, known }: { readonly version: number; readonly known: number },
): StorageError {
  const isLater = version > known;
  return new StorageError(
    'STORE_VERSION_UNKNOWN',
    `${path} was written by ${isLater ? 'a later' : 'an earlier'} version of bcdn-node.`,
    {
      values: { path, version, known },
      remedy: isLater
        ? 'Start the version of this program that wrote it, or a newer one.'
        : 'Start the node once with this version of the program, then try again.',
    },
  );
}
