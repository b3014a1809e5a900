import { epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import type { Address, ContentRoot, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';

/** How earnings are grouped. */
export const EARNINGS_GROUPINGS = ['deal', 'day', 'publisher', 'content'] as const;
export type EarningsGrouping = (typeof EARNINGS_GROUPINGS)[number];

/** Everything known about one deal's money. */
export interface DealEarnings {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly contentRoot: ContentRoot;
  readonly ratePerGiB: bigint;
  /** Receipted bytes by epoch, all of them ever. */
  readonly bytesByEpoch: ReadonlyMap<Epoch, bigint>;
  /** Cumulative amount of the best voucher; 0 without one. */
  readonly voucherWei: bigint;
  /** What the chain has paid by any route. */
  readonly paidWei: bigint;
}

/** One line of the table: metered ≥ settled ≥ paid. */
export interface EarningsRow {
  readonly key: string;
  readonly bytes: bigint;
  /** What receipts are worth. */
  readonly meteredWei: bigint;
  /** The part that is agreed: in a voucher, or claimed. */
  readonly settledWei: bigint;
  /** The part that is on the operator's account. */
  readonly paidWei: bigint;
}

export interface EarningsTable {
  readonly rows: readonly EarningsRow[];
  /** The sum of the rows, to the last wei, however they are grouped. */
  readonly total: EarningsRow;
}

/** Groups the earnings of all deals; rows are in ascending order of their key. */
export function earningsTable(
  deals: readonly DealEarnings[],
  grouping: EarningsGrouping,
  epochSeconds: number,
): EarningsTable {
  const rows = new Map<string, EarningsRow>();
  for (const deal of deals) {
    const parts = grouping === 'day' ? byDay(deal, epochSeconds) : [wholeDeal(deal, keyOf(deal, grouping))];
    for (const part of parts) rows.set(part.key, add(rows.get(part.key) ?? emptyRow(part.key), part));
  }
  const sorted = [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { rows: sorted, total: sorted.reduce((sum, row) => add(sum, row), emptyRow('total')) };
}

function keyOf(deal: DealEarnings, grouping: Exclude<EarningsGrouping, 'day'>): string {
  if (grouping === 'publisher') return deal.publisher;
  return grouping === 'content' ? deal.contentRoot : deal.dealId;
}

function wholeDeal(deal: DealEarnings, key: string): EarningsRow {
  const bytes = [...deal.bytesByEpoch.values()].reduce((sum, one) => sum + one, 0n);
  return { key, bytes, ...amounts(deal, bytes) };
}

/** The three sums of a deal. A voucher may know receipts that this node never saw: then it is the larger meter. */
function amounts(
  deal: DealEarnings,
  bytes: bigint,
): Pick<EarningsRow, 'meteredWei' | 'settledWei' | 'paidWei'> {
  const settledWei = larger(deal.voucherWei, deal.paidWei);
  const meteredWei = larger(priceWei(bytes, deal.ratePerGiB), settledWei);
  return { meteredWei, settledWei, paidWei: deal.paidWei };
}

/**
 * Splits a deal by the UTC day in which its epochs began. Money settles the oldest bytes first, so each day gets the
 * part of the settled and paid sums that falls into its span of the meter; what only a voucher knows falls on its last.
 */
function byDay(deal: DealEarnings, epochSeconds: number): EarningsRow[] {
  const bytesByDay = new Map<string, bigint>();
  for (const [epoch, bytes] of deal.bytesByEpoch) {
    const day = new Date(epochStartsAt(epoch, epochSeconds) * 1000).toISOString().slice(0, 10);
    bytesByDay.set(day, (bytesByDay.get(day) ?? 0n) + bytes);
  }
  const days = [...bytesByDay].sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = wholeDeal(deal, 'deal');
  if (days.length === 0) return whole.meteredWei === 0n ? [] : [{ ...whole, key: 'unknown' }];
  const rows: EarningsRow[] = [];
  let bytesSoFar = 0n;
  let from = 0n;
  days.forEach(([key, bytes], index) => {
    bytesSoFar += bytes;
    const last = index === days.length - 1;
    const to = last ? whole.meteredWei : priceWei(bytesSoFar, deal.ratePerGiB);
    const within = (sum: bigint): bigint => clamp(sum, from, to) - from;
    rows.push({
      key,
      bytes,
      meteredWei: to - from,
      settledWei: within(whole.settledWei),
      paidWei: within(whole.paidWei),
    });
    from = to;
  });
  return rows;
}

function add(a: EarningsRow, b: EarningsRow): EarningsRow {
  return {
    key: a.key,
    bytes: a.bytes + b.bytes,
    meteredWei: a.meteredWei + b.meteredWei,
    settledWei: a.settledWei + b.settledWei,
    paidWei: a.paidWei + b.paidWei,
  };
}

function emptyRow(key: string): EarningsRow {
  return { key, bytes: 0n, meteredWei: 0n, settledWei: 0n, paidWei: 0n };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
