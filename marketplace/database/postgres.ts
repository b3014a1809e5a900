import pg from 'pg';

import { systemClock, type Clock } from '../../sdk/pacing/clock.ts';
import { DATABASE_LOCK_WAIT_MS, MAX_DATABASE_READERS } from '../limits.ts';
import type { Database, Sql, SqlValue } from './database.ts';
import { migrate, MIGRATIONS, type Migration } from './migrations.ts';
import { parsePostgresUrl, withSetting, type PostgresAddress } from './postgres-address.ts';
import { connectionSettings, postgresSql } from './postgres-connection.ts';
import { isConnectionLost, postgresFailure } from './postgres-failure.ts';
import { PostgresWriter } from './postgres-writer.ts';
import { WriteQueue } from './write-queue.ts';

export interface PostgresOptions {
  /** @default all of this version */
  readonly migrations?: readonly Migration[];
  /** How long another marketplace is waited for to let go of the database, ms. @default DATABASE_LOCK_WAIT_MS */
  readonly lockWaitMs?: number;
  readonly clock?: Clock;
}

/**
 * Opens a PostgreSQL database, bringing its schema up to date.
 *
 * One connection writes and holds the writer's lock, a few read: each statement of theirs sees whole transactions only
 * and never waits for the one under way. A connection that breaks is made anew by whoever needs it next, at growing
 * intervals while the server stays away.
 *
 * @param url `postgres://user:password@host:port/database`; the password appears in no error
 * @throws MarketplaceError DATABASE_URL_INVALID, DATABASE_UNREACHABLE, DATABASE_REFUSED, DATABASE_IN_USE,
 *   DATABASE_TOO_NEW
 * @example
 * const database = await openPostgres('postgres://market@localhost/bcdn?host=/var/run/postgresql');
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const address = parsePostgresUrl(url);
  const { migrations = MIGRATIONS, lockWaitMs = DATABASE_LOCK_WAIT_MS, clock = systemClock } = options;
  const database = new PostgresDatabase(address, new PostgresWriter({ address, clock }, { lockWaitMs }));
  try {
    await migrate(database, migrations);
    return database;
  } catch (failure) {
    await database.close();
    throw failure;
  }
}

class PostgresDatabase implements Database {
  readonly read: Sql;
  readonly #address: PostgresAddress;
  readonly #readers: pg.Pool;
  readonly #writer: PostgresWriter;
  readonly #writes = new WriteQueue();

  constructor(address: PostgresAddress, writer: PostgresWriter) {
    this.#address = address;
    this.#writer = writer;
    this.#readers = new pg.Pool({
      ...connectionSettings(withSetting(address, 'default_transaction_read_only=on')),
      max: MAX_DATABASE_READERS,
      allowExitOnIdle: true,
    });
    // A reader that breaks while nobody uses it leaves the pool; the next statement opens another.
    this.#readers.on('error', () => undefined);
    this.read = postgresSql((query) => this.#readTwice(query));
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#writes.run(() => this.#writer.transaction(work));
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await Promise.all([this.#writer.close(), this.#readers.end()]);
  }

  /** Reading changes nothing, so a statement whose connection broke is asked again on another. */
  async #readTwice(query: pg.QueryConfig<SqlValue[]>): Promise<pg.QueryResult<Record<string, SqlValue>>> {
    try {
      return await this.#readOnce(query);
    } catch (failure) {
      if (!isConnectionLost(failure)) throw failure;
      return await this.#readOnce(query);
    }
  }

  async #readOnce(query: pg.QueryConfig<SqlValue[]>): Promise<pg.QueryResult<Record<string, SqlValue>>> {
    try {
      return await this.#readers.query(query);
    } catch (failure) {
      throw postgresFailure(failure, this.#address.text);
    }
  }
}
