import type { EarningsDocument } from '../control/documents.ts';
import type { EarningsGrouping, EarningsRow, EarningsTable } from './earnings-table.ts';

/** The table as the control door and the command line carry it. */
export function encodeEarnings(
  table: EarningsTable,
  by: EarningsGrouping,
  paidFrom: EarningsDocument['paidFrom'],
): EarningsDocument {
  return { by, paidFrom, rows: table.rows.map(encodeRow), total: encodeRow(table.total) };
}

function encodeRow(row: EarningsRow): EarningsDocument['total'] {
  return {
    key: row.key,
    bytes: row.bytes.toString(),
    meteredWei: row.meteredWei.toString(),
    settledWei: row.settledWei.toString(),
    paidWei: row.paidWei.toString(),
  };
}
