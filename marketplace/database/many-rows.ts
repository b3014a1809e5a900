/**
 * Rows that one statement carries. Every size is a text of its own that each connection prepares and keeps, so there are
 * few; 256 rows of nine columns stay far below the values that a statement may have (32,766 in SQLite).
 */
const STATEMENT_ROWS = [256, 32, 4, 1] as const;

/** Cuts rows into pieces of these sizes, in order. */
export function* inStatements<T>(rows: readonly T[]): Generator<readonly T[]> {
  let from = 0;
  for (const size of STATEMENT_ROWS) {
    for (; rows.length - from >= size; from += size) yield rows.slice(from, from + size);
  }
}

/** Placeholders of one row after the other, e.g. `(?, ?), (?, ?)`. */
export function placesOf(rows: number, columns: number): string {
  const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  return Array.from({ length: rows }, () => row).join(', ');
}

/** Placeholders of a list, e.g. `(?, ?, ?)`: for `column IN`. */
export function listOf(values: number): string {
  return placesOf(1, values);
}
