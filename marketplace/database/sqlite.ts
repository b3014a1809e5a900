import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type { Database, Row, Sql, SqlValue } from './database.ts';
import { migrate, MIGRATIONS, type Migration } from './migrations.ts';
import { WriteQueue } from './write-queue.ts';

const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens the database file, bringing its schema up to date.
 *
 * One connection writes, another reads: with a write-ahead log the reader never sees, and never waits for, a
 * transaction under way. Commits are synced to disk, because a signed voucher must never know more than the file.
 *
 * @throws MarketplaceError DATABASE_TOO_NEW when a later version has written the file
 */
export async function openSqlite(
  file: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  const writer = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    writer.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    const database = new SqliteDatabase(
      writer,
      () => new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS }),
    );
    await migrate(database, migrations);
    return database;
  } catch (failure) {
    writer.close();
    throw failure;
  }
}

class SqliteDatabase implements Database {
  readonly #writer: DatabaseSync;
  readonly #writing: Sql;
  readonly #openReader: () => DatabaseSync;
  #reader: DatabaseSync | undefined;
  #reading: Sql | undefined;
  readonly #writes = new WriteQueue();

  constructor(writer: DatabaseSync, openReader: () => DatabaseSync) {
    this.#writer = writer;
    this.#writing = sqlOf(writer);
    this.#openReader = openReader;
  }

  get read(): Sql {
    if (this.#reading === undefined) {
      this.#reader = this.#openReader();
      this.#reading = sqlOf(this.#reader);
    }
    return this.#reading;
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#writes.run(() => this.#transaction(work));
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    this.#reader?.close();
    this.#writer.close();
  }

  async #transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    this.#writer.exec('BEGIN IMMEDIATE');
    try {
      const result = await work(this.#writing);
      this.#writer.exec('COMMIT');
      return result;
    } catch (failure) {
      this.#writer.exec('ROLLBACK');
      throw failure;
    }
  }
}

/** Statements are literals of this code base, so the cache of prepared ones is bounded by its size. */
function sqlOf(connection: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  const prepare = (statement: string): StatementSync => {
    let ready = prepared.get(statement);
    if (ready === undefined) {
      ready = connection.prepare(statement);
      prepared.set(statement, ready);
    }
    return ready;
  };
  return {
    all: async (statement, ...values) =>
      prepare(statement)
        .all(...values)
        .map(rowOf),
    get: async (statement, ...values) => {
      const found = prepare(statement).get(...values);
      return found === undefined ? undefined : rowOf(found);
    },
    run: async (statement, ...values) => Number(prepare(statement).run(...values).changes),
  };
}

function rowOf(found: Record<string, SqlValue | bigint>): Row {
  const row: Record<string, SqlValue> = {};
  for (const [column, value] of Object.entries(found))
    row[column] = typeof value === 'bigint' ? Number(value) : value;
  return row;
}
