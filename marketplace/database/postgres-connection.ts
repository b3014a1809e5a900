import type pg from 'pg';

import {
  DATABASE_CONNECT_TIMEOUT_MS,
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
  DATABASE_SILENCE_TIMEOUT_MS,
  DATABASE_STATEMENT_TIMEOUT_MS,
} from '../limits.ts';
import type { Row, Sql, SqlValue } from './database.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { toPostgres } from './postgres-dialect.ts';
import { POSTGRES_VALUES } from './postgres-values.ts';

/** How this program connects, for its writer and its readers. */
export function connectionSettings(address: PostgresAddress): pg.ClientConfig {
  return {
    connectionString: address.url,
    application_name: 'bcdn-marketplace',
    client_encoding: 'UTF8',
    types: POSTGRES_VALUES,
    keepAlive: true,
    connectionTimeoutMillis: DATABASE_CONNECT_TIMEOUT_MS,
    statement_timeout: DATABASE_STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
    query_timeout: DATABASE_SILENCE_TIMEOUT_MS,
  };
}

/** Something that runs a query: a connection, or a pool of them. */
type RunQuery = (query: pg.QueryConfig<SqlValue[]>) => Promise<pg.QueryResult<Record<string, SqlValue>>>;

/**
 * Statements by way of `query`. Those that read and write rows are prepared once a connection: statements are literals
 * of this code base, so their number is bounded by its size.
 */
export function postgresSql(query: RunQuery): Sql {
  const run = (statement: string, values: readonly SqlValue[]) => {
    const translated = translationOf(statement);
    return query({ ...translated, values: [...values] });
  };
  return {
    all: async (statement, ...values): Promise<Row[]> => (await run(statement, values)).rows,
    get: async (statement, ...values): Promise<Row | undefined> => (await run(statement, values)).rows[0],
    run: async (statement, ...values) => (await run(statement, values)).rowCount ?? 0,
  };
}

const translations = new Map<string, { readonly text: string; readonly name?: string }>();

function translationOf(statement: string): { readonly text: string; readonly name?: string } {
  let known = translations.get(statement);
  if (known === undefined) {
    const isAboutRows = /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(statement);
    known = { text: toPostgres(statement), ...(isAboutRows && { name: `bcdn-${translations.size}` }) };
    translations.set(statement, known);
  }
  return known;
}
