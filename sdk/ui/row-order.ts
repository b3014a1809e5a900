/** What rows are ordered by: text by its letters, figures by their size. */
export type SortValue = string | number | bigint;

export interface RowOrder {
  readonly column: string;
  readonly descending: boolean;
}

/** Rows in order; those that are equal keep theirs. */
export function ordered<Row>(
  rows: readonly Row[],
  valueOf: (row: Row) => SortValue,
  descending: boolean,
): readonly Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compared(valueOf(a), valueOf(b)));
}

/** The order after a click on a column: first its largest, then its smallest, and so on. */
export function orderAfterClick(order: RowOrder | undefined, column: string): RowOrder {
  return { column, descending: order?.column === column ? !order.descending : true };
}

function compared(a: SortValue, b: SortValue): number {
  if (typeof a === 'string' || typeof b === 'string') return String(a).localeCompare(String(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
