/** What a column holds. Wei are decimal text: they do not fit the integers of any SQL database. */
export type SqlValue = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

/**
 * Statements against one connection. Placeholders are `?` in order. The same SQL runs on SQLite and on PostgreSQL
 * (README.md, SQL that both databases run); `postgres-dialect.ts` holds all that is translated.
 */
export interface Sql {
  all(statement: string, ...values: readonly SqlValue[]): Promise<Row[]>;
  get(statement: string, ...values: readonly SqlValue[]): Promise<Row | undefined>;
  /** @returns number of rows changed */
  run(statement: string, ...values: readonly SqlValue[]): Promise<number>;
}

/**
 * The only door to stored data, so that another database can stand behind it.
 * Everything `write` returned from is on disk; readers see whole transactions only.
 */
export interface Database {
  /** Sees every committed transaction, never a part of one. */
  readonly read: Sql;
  /** Runs one transaction at a time; a rejection of `work` rolls all of it back. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
