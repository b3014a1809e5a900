import { join } from 'node:path';

import type { Database } from './database.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** Name of the SQLite database in the data directory. */
export const SQLITE_FILE = 'marketplace.sqlite';

export interface DatabaseChoice {
  /** Holds the SQLite database, unless there is a URL. */
  readonly dataDir: string;
  /** `postgres://user:password@host:port/database`. @default SQLite in the data directory */
  readonly databaseUrl?: string | undefined;
}

/** Opens the database that the operator chose. @throws MarketplaceError as `openSqlite` and `openPostgres` */
export function openDatabase({ dataDir, databaseUrl }: DatabaseChoice): Promise<Database> {
  return databaseUrl === undefined ? openSqlite(join(dataDir, SQLITE_FILE)) : openPostgres(databaseUrl);
}
