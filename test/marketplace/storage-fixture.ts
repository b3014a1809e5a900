import { openDatabase, type DatabaseChoice } from '../../marketplace/database/open-database.ts';
import type { Database } from '../../marketplace/database/database.ts';
import type { Migration } from '../../marketplace/database/migrations.ts';
import { TemporaryPostgres } from '../../scripts/postgres/temporary-server.ts';
import { temporaryDirectory } from './market-fixture.ts';

/** `BCDN_TEST_DATABASE=postgres mocha "test/marketplace/**\/*.test.ts"` runs the same tests on PostgreSQL. */
export const ON_POSTGRES = process.env['BCDN_TEST_DATABASE'] === 'postgres';

/** A data directory, and a database in it or on the server of this run. */
export interface TestStorage {
  readonly path: string;
  /** For `startMarketplace` and `openDatabase`. */
  readonly choice: DatabaseChoice;
  /** The choice for a process of its own, beside `--data-dir`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same database each time; close it before it is opened again. */
  readonly open: (migrations?: readonly Migration[]) => Promise<Database>;
  readonly remove: () => Promise<void>;
}

export async function temporaryStorage(): Promise<TestStorage> {
  const { path, remove } = await temporaryDirectory();
  const choiceOf = (databaseUrl: string | undefined): DatabaseChoice => ({ dataDir: path, databaseUrl });
  if (!ON_POSTGRES) {
    const choice = choiceOf(undefined);
    return { path, choice, environment: {}, open: (migrations) => openDatabase(choice, migrations), remove };
  }
  const server = await sharedPostgres();
  const url = await server.createDatabase();
  const choice = choiceOf(url);
  return {
    path,
    choice,
    environment: { BCDN_DATABASE_URL: url },
    open: (migrations) => openDatabase(choice, migrations),
    remove: async () => {
      await server.dropDatabase(url);
      await remove();
    },
  };
}

let shared: Promise<TemporaryPostgres> | undefined;

/** One server a run of the tests; it ends with this process. */
export function sharedPostgres(): Promise<TemporaryPostgres> {
  shared ??= TemporaryPostgres.start();
  return shared;
}
