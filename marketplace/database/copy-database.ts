import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import { MarketplaceError } from '../errors.ts';
import { COPIED_ROWS_PER_STATEMENT } from '../limits.ts';
import type { Sql, SqlValue } from './database.ts';
import { SQLITE_FILE } from './open-database.ts';
import { openPostgres } from './postgres.ts';
import { integerOf } from './rows.ts';
import { openSqlite } from './sqlite.ts';

/** How many rows each table has, in the order in which they were copied. */
export type CopiedRows = ReadonlyMap<string, number>;

/** Written by the migrations of the target itself. */
const SCHEMA_TABLE = 'schema_migrations';

/**
 * Copies the SQLite database of a data directory into an empty PostgreSQL database: all tables in one transaction, kept
 * only if every table has as many rows there. The source stays as it is, and nobody can use it meanwhile.
 *
 * @param from data directory of a marketplace that is not running
 * @param to `postgres://user:password@host:port/database`
 * @throws MarketplaceError DATABASE_NOT_FOUND, DATABASE_IN_USE, DATABASE_NOT_EMPTY, DATABASE_COPY_DIFFERS, and as
 *   `openSqlite` and `openPostgres`
 */
export async function copyDatabase({ from, to }: { from: string; to: string }): Promise<CopiedRows> {
  const file = join(from, SQLITE_FILE);
  if ((await stat(file).catch(() => undefined)) === undefined)
    throw new MarketplaceError('DATABASE_NOT_FOUND', `There is no database at ${file}.`, { file });
  // Nobody uses it: now its schema is brought up to date, so that both have the same tables and columns.
  claimSource(file).close();
  await (await openSqlite(file)).close();
  const source = claimSource(file);
  try {
    const target = await openPostgres(to);
    try {
      return await target.write((sql) => copyTables(source, sql));
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

/**
 * Only a connection that is alone may leave the write-ahead log, so this fails while a marketplace runs; afterwards the
 * lock keeps everybody out. A marketplace that starts on the file takes the log up again.
 */
function claimSource(file: string): DatabaseSync {
  const source = new DatabaseSync(file);
  try {
    source.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return source;
  } catch (failure) {
    source.close();
    throw new MarketplaceError('DATABASE_IN_USE', `A marketplace uses ${file}.`, { file }, failure);
  }
}

async function copyTables(source: DatabaseSync, target: Sql): Promise<CopiedRows> {
  // In the order in which they were made: a table that refers to another follows it.
  const tables = source
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`,
    )
    .all()
    .map(({ name }) => String(name))
    .filter((name) => name !== SCHEMA_TABLE);
  for (const table of tables) await requireEmpty(target, table);
  const copied = new Map<string, number>();
  for (const table of tables) {
    const rows = await copyTable(source, target, table);
    const arrived = await countRows(target, table);
    if (rows !== arrived) {
      throw new MarketplaceError(
        'DATABASE_COPY_DIFFERS',
        `Table ${table} has ${rows} rows, and ${arrived} of them arrived.`,
        { table, rows, arrived },
      );
    }
    copied.set(table, rows);
  }
  return copied;
}

async function requireEmpty(target: Sql, table: string): Promise<void> {
  const rows = await countRows(target, table);
  if (rows === 0) return;
  throw new MarketplaceError(
    'DATABASE_NOT_EMPTY',
    `The target is not empty: its table ${table} has ${rows} rows.`,
    { table, rows },
  );
}

/** @returns how many rows were read */
async function copyTable(source: DatabaseSync, target: Sql, table: string): Promise<number> {
  const columns = source.prepare(`SELECT name FROM pragma_table_info(?)`).all(table);
  const names = columns.map(({ name }) => String(name));
  let count = 0;
  let pending: SqlValue[][] = [];
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    const places = `(${names.map(() => '?').join(', ')})`;
    const rows = pending.map(() => places).join(', ');
    await target.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES ${rows}`, ...pending.flat());
    count += pending.length;
    pending = [];
  };
  for (const row of source.prepare(`SELECT * FROM ${table}`).iterate()) {
    pending.push(names.map((name) => valueOf(row[name])));
    if (pending.length === COPIED_ROWS_PER_STATEMENT) await flush();
  }
  await flush();
  return count;
}

async function countRows(target: Sql, table: string): Promise<number> {
  const row = await target.get(`SELECT COUNT(*) AS rows FROM ${table}`);
  return row === undefined ? 0 : integerOf(row, 'rows');
}

function valueOf(value: SQLOutputValue | undefined): SqlValue {
  return typeof value === 'bigint' ? Number(value) : (value ?? null);
}
