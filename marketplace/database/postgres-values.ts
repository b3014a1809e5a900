import type pg from 'pg';

import type { SqlValue } from './database.ts';

/** Object identifiers of PostgreSQL's types (its catalogue pg_type); they are the same in every version. */
const BOOLEAN = 16;
const BYTES = 17;
const NUMBERS: ReadonlySet<number> = new Set([
  ...[20, 21, 23], // 64, 16 and 32 bits
  ...[700, 701], // floating point
  1700, // what sums of 64 bits are
]);

/**
 * Columns as SQLite gives them: numbers for numbers, 1 and 0 for true and false. A number too large to be exact is
 * refused by whoever reads the column (`integerOf`), on both databases.
 */
export const POSTGRES_VALUES: pg.CustomTypesConfig = {
  getTypeParser: (type: number) => (text: string) => valueOf(type, text),
};

function valueOf(type: number, text: string): SqlValue {
  if (NUMBERS.has(type)) return Number(text);
  if (type === BOOLEAN) return text === 't' ? 1 : 0;
  if (type === BYTES) return new Uint8Array(Buffer.from(text.slice('\\x'.length), 'hex'));
  return text;
}
