import { epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import type { Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { lostInAllWei, type DealMoney, type DealRecord } from './deal-money.ts';

/** How earnings are grouped. */
export const EARNINGS_GROUPINGS = ['deal', 'day', 'publisher', 'content'] as const;
export type EarningsGrouping = (typeof EARNINGS_GROUPINGS)[number];

/** One line of the table: `meteredWei = paidWei + voucherDueWei + inClaimWei + unsettledWei + lostWei`. */
export interface EarningsRow {
  readonly key: string;
  readonly bytes: bigint;
  /** What receipts are worth. */
  readonly meteredWei: bigint;
  /** The part that is agreed: paid, in a voucher, or in a claim. */
  readonly settledWei: bigint;
  /** The part that is on the operator's account, protocol fee included. */
  readonly paidWei: bigint;
  readonly voucherDueWei: bigint;
  readonly inClaimWei: bigint;
  readonly unsettledWei: bigint;
  readonly lostWei: bigint;
}

export interface EarningsTable {
  readonly rows: readonly EarningsRow[];
  /** The sum of the rows, to the last wei, however they are grouped. */
  readonly total: EarningsRow;
}

/** A deal and its money. */
export interface DealEarnings {
  readonly deal: Pick<DealRecord, 'dealId' | 'publisher' | 'contentRoot' | 'ratePerGiB' | 'bytesByEpoch'>;
  readonly money: DealMoney;
}

/** Groups the earnings of all deals, and rows from elsewhere; rows are in ascending order of their key. */
export function earningsTable(
  deals: readonly DealEarnings[],
  grouping: EarningsGrouping,
  epochSeconds: number,
  others: readonly EarningsRow[] = [],
): EarningsTable {
  const rows = new Map<string, EarningsRow>();
  for (const part of others) rows.set(part.key, add(rows.get(part.key) ?? emptyRow(part.key), part));
  for (const each of deals) {
    const parts =
      grouping === 'day' ? byDay(each, epochSeconds) : [wholeDeal(each.money, keyOf(each, grouping))];
    for (const part of parts) rows.set(part.key, add(rows.get(part.key) ?? emptyRow(part.key), part));
  }
  const sorted = [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { rows: sorted, total: sorted.reduce((sum, row) => add(sum, row), emptyRow('total')) };
}

function keyOf({ deal }: DealEarnings, grouping: Exclude<EarningsGrouping, 'day'>): string {
  if (grouping === 'publisher') return deal.publisher;
  return grouping === 'content' ? deal.contentRoot : deal.dealId;
}

function wholeDeal(money: DealMoney, key: string): EarningsRow {
  const { bytes, meteredWei, paidWei, voucherDueWei, inClaimWei, unsettledWei } = money;
  const settledWei = paidWei + voucherDueWei + inClaimWei;
  const lostWei = lostInAllWei(money);
  return { key, bytes, meteredWei, settledWei, paidWei, voucherDueWei, inClaimWei, unsettledWei, lostWei };
}

/**
 * Splits a deal by the UTC day in which its epochs began. Money settles the oldest bytes first: along the meter come
 * what is paid, claimed, in a voucher, open, lost, and each day gets what falls into its span. What only a voucher
 * knows falls on the last day.
 */
function byDay({ deal, money }: DealEarnings, epochSeconds: number): EarningsRow[] {
  const days = bytesByDay(deal.bytesByEpoch, epochSeconds);
  const whole = wholeDeal(money, 'unknown');
  if (days.length === 0) return whole.meteredWei === 0n ? [] : [whole];
  const rows: EarningsRow[] = [];
  let bytesSoFar = 0n;
  let from = 0n;
  days.forEach(([key, bytes], index) => {
    bytesSoFar += bytes;
    const priced = priceWei(bytesSoFar, deal.ratePerGiB);
    const to = index === days.length - 1 ? whole.meteredWei : priced;
    rows.push({ key, bytes, meteredWei: to - from, ...within(whole, from, to) });
    from = to;
  });
  return rows;
}

function bytesByDay(bytesByEpoch: ReadonlyMap<Epoch, bigint>, epochSeconds: number): [string, bigint][] {
  const bytesByDay = new Map<string, bigint>();
  for (const [epoch, bytes] of bytesByEpoch) {
    const day = new Date(epochStartsAt(epoch, epochSeconds) * 1000).toISOString().slice(0, 10);
    bytesByDay.set(day, (bytesByDay.get(day) ?? 0n) + bytes);
  }
  return [...bytesByDay].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The parts of a deal's money that lie between two points of its meter. */
function within(
  whole: EarningsRow,
  from: bigint,
  to: bigint,
): Omit<EarningsRow, 'key' | 'bytes' | 'meteredWei'> {
  let start = 0n;
  const next = (sum: bigint): bigint => {
    const part = clamp(start + sum, from, to) - clamp(start, from, to);
    start += sum;
    return part;
  };
  const paidWei = next(whole.paidWei);
  const inClaimWei = next(whole.inClaimWei);
  const voucherDueWei = next(whole.voucherDueWei);
  const unsettledWei = next(whole.unsettledWei);
  const lostWei = next(whole.lostWei);
  return {
    settledWei: paidWei + inClaimWei + voucherDueWei,
    paidWei,
    voucherDueWei,
    inClaimWei,
    unsettledWei,
    lostWei,
  };
}

function add(a: EarningsRow, b: EarningsRow): EarningsRow {
  return {
    key: a.key,
    bytes: a.bytes + b.bytes,
    meteredWei: a.meteredWei + b.meteredWei,
    settledWei: a.settledWei + b.settledWei,
    paidWei: a.paidWei + b.paidWei,
    voucherDueWei: a.voucherDueWei + b.voucherDueWei,
    inClaimWei: a.inClaimWei + b.inClaimWei,
    unsettledWei: a.unsettledWei + b.unsettledWei,
    lostWei: a.lostWei + b.lostWei,
  };
}

function emptyRow(key: string): EarningsRow {
  return {
    ...{ key, bytes: 0n, meteredWei: 0n, settledWei: 0n, paidWei: 0n },
    ...{ voucherDueWei: 0n, inClaimWei: 0n, unsettledWei: 0n, lostWei: 0n },
  };
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
