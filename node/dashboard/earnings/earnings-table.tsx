import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import type { EarningsAnswer, EarningsRow, Grouping } from '../node-data/money-documents.ts';
import { CsvButton } from './csv-button.tsx';
import { csvText } from './csv.ts';
import { Entries } from './entries.tsx';

interface EarningsTableProps {
  readonly by: Grouping;
  readonly earnings: EarningsAnswer;
}

const FIGURES = [
  ['meteredWei', 'Metered'],
  ['settledWei', 'Settled'],
  ['paidWei', 'Paid'],
  ['unsettledWei', 'Not settled yet'],
  ['lostWei', 'Lost'],
] as const;

/** The earnings by one of their keys; each row opens what it is made of. */
export function EarningsTable({ by, earnings }: EarningsTableProps) {
  const [opened, setOpened] = useState<string>();
  const { rows, total } = earnings;
  return (
    <div class="stack">
      <Table
        caption={`Earnings by ${by}`}
        columns={columnsOf({ by, opened, onOpen: setOpened })}
        rows={[...rows].reverse().concat(total)}
        rowKey={({ key }) => key}
      />
      <div class="row">
        <CsvButton name={`earnings-by-${by}.csv`} text={() => earningsCsv(by, [...rows, total])} />
      </div>
      {opened !== undefined && rows.some(({ key }) => key === opened) && (
        <Entries by={by} rowKey={opened} onClose={() => setOpened(undefined)} />
      )}
    </div>
  );
}

interface ColumnChoice {
  readonly by: Grouping;
  readonly opened: string | undefined;
  readonly onOpen: (key: string | undefined) => void;
}

function columnsOf({ by, opened, onOpen }: ColumnChoice): Column<EarningsRow>[] {
  return [
    {
      id: 'key',
      title: by === 'day' ? 'Day (UTC)' : by === 'content' ? 'Content' : by === 'deal' ? 'Deal' : 'Publisher',
      cell: ({ key }) => (key === 'total' || by === 'day' ? key : <Identifier value={key} what={by} />),
    },
    { id: 'bytes', title: 'Receipted', isFigure: true, cell: ({ bytes }) => <Bytes bytes={bytes} /> },
    ...FIGURES.map(([id, title]) => ({
      id,
      title,
      isFigure: true,
      cell: (row: EarningsRow) => <Amount wei={row[id]} />,
    })),
    {
      id: 'entries',
      title: 'Made of',
      cell: ({ key }) =>
        key === 'total' ? (
          ''
        ) : (
          <button
            type="button"
            class="button"
            aria-expanded={opened === key}
            onClick={() => onOpen(opened === key ? undefined : key)}
          >
            Entries <span class="visually-hidden">of {by === 'day' ? key : shortIdentifier(key)}</span>
          </button>
        ),
    },
  ];
}

/** Every digit of every figure, wei and bytes. */
function earningsCsv(by: Grouping, rows: readonly EarningsRow[]): string {
  const figures = [
    ...(['bytes', 'meteredWei', 'settledWei', 'paidWei', 'voucherDueWei', 'inClaimWei'] as const),
    ...(['unsettledWei', 'lostWei'] as const),
  ];
  return csvText([
    [by, ...figures],
    ...rows.map((row) => [row.key, ...figures.map((name) => row[name].toString())]),
  ]);
}
