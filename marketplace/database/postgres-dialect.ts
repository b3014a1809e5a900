/**
 * Everything in which PostgreSQL's SQL differs from the SQL of this code base, which is what SQLite runs:
 *
 * - Placeholders are `$1`, `$2`, … instead of `?`.
 * - `? IS NULL` says nothing about a type, and PostgreSQL will not guess one: it is asked about as text.
 * - In CREATE and ALTER, integers of 64 bits, bytes, and floating-point numbers have other names, and text is ordered
 *   by its bytes whatever the language of the server, as pages that continue after a key need it.
 *
 * Quoted text is left alone.
 */
export function toPostgres(statement: string): string {
  const isSchema = /^\s*(?:CREATE|ALTER)\b/i.test(statement);
  let places = 0;
  return statement.replace(TOKEN, (token, isNull: string | undefined) => {
    if (token.startsWith('?')) {
      places += 1;
      return isNull === undefined ? `$${places}` : `CAST($${places} AS TEXT)${isNull}`;
    }
    return isSchema ? (COLUMN_TYPES.get(token.toUpperCase()) ?? token) : token;
  });
}

/** A quoted piece, a word, or a placeholder, with the question whether it is null if that follows. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\?(\s+IS\s+(?:NOT\s+)?NULL\b)?/gi;

const COLUMN_TYPES: ReadonlyMap<string, string> = new Map([
  ['INTEGER', 'BIGINT'],
  ['REAL', 'DOUBLE PRECISION'],
  ['BLOB', 'BYTEA'],
  ['TEXT', 'TEXT COLLATE "C"'],
]);
