import { join } from 'node:path';

import type { Database } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** Name of the SQLite database in the data directory. */
export const SQLITE_FILE = 'marketplace.sqlite';

export interface DatabaseChoice {
  /** Holds the secret, and the SQLite database unless there is a URL; made if missing. */
  readonly dataDir: string;
  /** `postgres://user:password@host:port/database`. @default SQLite in the data directory */
  readonly databaseUrl?: string | undefined;
}

/** Opens the database that the operator chose. @throws MarketplaceError as `openSqlite` and `openPostgres` */
export function openDatabase(
  { dataDir, databaseUrl }: DatabaseChoice,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  if (databaseUrl !== undefined) return openPostgres(databaseUrl, { migrations });
  return openSqlite(join(dataDir, SQLITE_FILE), migrations);
}
