import type { EarningsRow } from '../node-data/money-documents.ts';

/** The row of a day, all zero where nothing was metered. @param day `2026-11-21` */
export function rowOfDay(rows: readonly EarningsRow[], day: string): EarningsRow {
  return (
    rows.find(({ key }) => key === day) ?? {
      ...{ key: day, bytes: 0n, meteredWei: 0n, settledWei: 0n, paidWei: 0n },
      ...{ voucherDueWei: 0n, inClaimWei: 0n, unsettledWei: 0n, lostWei: 0n },
    }
  );
}

/** A part of what is metered. */
export interface MoneyPart {
  readonly name: string;
  readonly wei: bigint;
  readonly meaning: string;
}

/** Where what is metered is now: the parts add up to it, to the last wei. */
export function partsOf(row: EarningsRow): readonly MoneyPart[] {
  return [
    { name: 'paid', wei: row.paidWei, meaning: 'on the operator account' },
    { name: 'voucher due', wei: row.voucherDueWei, meaning: 'signed by the coordinator, to be redeemed' },
    { name: 'in claim', wei: row.inClaimWei, meaning: 'claimed on chain, to be decided' },
    {
      name: 'not settled yet',
      wei: row.unsettledWei,
      meaning: 'receipts that no voucher or claim counts yet',
    },
    { name: 'lost', wei: row.lostWei, meaning: 'will not be paid any more' },
  ];
}
