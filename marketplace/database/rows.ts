import { MarketplaceError } from '../errors.ts';
import type { Row } from './database.ts';

/** Readers of columns that refuse what the schema does not allow, instead of passing it on. */

/** @throws MarketplaceError DATABASE_CORRUPT */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw corrupt(column, 'text');
  return value;
}

/** @throws MarketplaceError DATABASE_CORRUPT */
export function optionalTextOf(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

/** @throws MarketplaceError DATABASE_CORRUPT */
export function integerOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw corrupt(column, 'an integer');
  return value;
}

/** Decimal text of an unsigned integer, e.g. wei. @throws MarketplaceError DATABASE_CORRUPT */
export function bigintOf(row: Row, column: string): bigint {
  const value = textOf(row, column);
  if (!/^\d{1,78}$/.test(value)) throw corrupt(column, 'a decimal number');
  return BigInt(value);
}

/** @throws MarketplaceError DATABASE_CORRUPT */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw corrupt(column, 'bytes');
  return new Uint8Array(value);
}

function corrupt(column: string, expected: string): MarketplaceError {
  return new MarketplaceError(
    'DATABASE_CORRUPT',
    `Column ${column} of the database does not hold ${expected}.`,
    {
      column,
      expected,
    },
  );
}
