import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { ordered, orderAfterClick, type RowOrder, type SortValue } from './row-order.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Right-aligned, in digits of one width. @default false */
  readonly isFigure?: boolean;
  /** Makes the column sortable. */
  readonly sortBy?: (row: Row) => SortValue;
}

interface TableProps<Row> {
  readonly caption: string;
  /** Shows the caption to those who see, too. @default false */
  readonly showsCaption?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
}

/** A table that becomes a card for each row where the screen is narrow. The first column names its row. */
export function Table<Row>({ caption, showsCaption = false, columns, rows, rowKey }: TableProps<Row>) {
  const [order, setOrder] = useState<RowOrder>();
  const sortBy = columns.find(({ id }) => id === order?.column)?.sortBy;
  const shown = sortBy === undefined ? rows : ordered(rows, sortBy, order?.descending ?? false);
  return (
    <table class="table" role="table">
      <caption class={showsCaption ? '' : 'visually-hidden'}>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              role="columnheader"
              class={column.isFigure === true ? 'figure-cell' : ''}
              aria-sort={sortOf(column.id, order)}
            >
              {column.sortBy === undefined ? (
                column.title
              ) : (
                <button type="button" onClick={() => setOrder(orderAfterClick(order, column.id))}>
                  {column.title}
                  <span aria-hidden="true">{arrowOf(column.id, order)}</span>
                </button>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {shown.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map((column, index) => {
              const props = {
                class: column.isFigure === true ? 'figure-cell' : '',
                'data-title': column.title,
                key: column.id,
              };
              return index === 0 ? (
                <th scope="row" role="rowheader" {...props}>
                  {column.cell(row)}
                </th>
              ) : (
                <td role="cell" {...props}>
                  {column.cell(row)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function sortOf(column: string, order: RowOrder | undefined): 'ascending' | 'descending' | undefined {
  if (order?.column !== column) return undefined;
  return order.descending ? 'descending' : 'ascending';
}

function arrowOf(column: string, order: RowOrder | undefined): string {
  if (order?.column !== column) return ' ↕';
  return order.descending ? ' ↓' : ' ↑';
}
