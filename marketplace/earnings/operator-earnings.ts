import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { MAX_UINT32 } from '../../sdk/protocol/limits.ts';
import { billableBytes } from '../coordinator/earned-bytes.ts';
import type { Sql } from '../database/database.ts';
import { readClaimedSpans, type ClaimedSpan } from '../database/claim-records.ts';
import { listAllocationsOfNode, type AllocationRecord } from '../database/deal-records.ts';
import { findVoucher, readBytesByEpoch } from '../database/receipt-ledger.ts';
import { MAX_EARNING_DEALS } from '../limits.ts';

/** Money on its way to an operator: metered ≥ settled ≥ paid, and each difference is stated. */
export interface Earnings {
  /** Price of all receipted bytes that the coordinator knows. */
  readonly meteredWei: bigint;
  /** Part of it that vouchers were signed for, or the chain has paid. */
  readonly settledWei: bigint;
  /** Part of that which left the allocation on chain, protocol fee included. */
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  /** What was paid, by the route it took; adds up to `paidWei`. */
  readonly paidByRoute: PaidByRoute;
  /** Part of what is settled and not paid that an open sampled claim locks. */
  readonly lockedWei: bigint;
  /** Part of what is metered that no route can pay: the escrow is used up, or went back after its thaw. */
  readonly lostWei: bigint;
}

export interface PaidByRoute {
  readonly voucher: bigint;
  readonly directClaim: bigint;
  readonly sampledClaim: bigint;
}

const NOTHING: Earnings = {
  meteredWei: 0n,
  settledWei: 0n,
  paidWei: 0n,
  feeWei: 0n,
  paidByRoute: { voucher: 0n, directClaim: 0n, sampledClaim: 0n },
  lockedWei: 0n,
  lostWei: 0n,
};

export interface DealEarnings extends Earnings {
  readonly dealId: DealId;
  readonly bytes: bigint;
  readonly ratePerGiB: bigint;
  readonly balanceWei: bigint;
  readonly throughEpoch: number;
  /** Last epoch whose receipts the node has handed in, or the chain has settled. */
  readonly handedInThrough: number;
}

export interface OperatorEarnings {
  readonly total: Earnings;
  readonly deals: readonly DealEarnings[];
  /** Deals beyond the page and its offset. */
  readonly dealCount: number;
}

/** What an operator has earned over all its deals, with a page of them in detail. */
export async function readOperatorEarnings(
  sql: Sql,
  node: Address,
  page: { offset: number; limit: number },
): Promise<OperatorEarnings> {
  const { total, rows } = await listAllocationsOfNode(sql, node, { offset: 0, limit: MAX_EARNING_DEALS });
  const deals: DealEarnings[] = [];
  for (const allocation of rows) deals.push(await readDealEarnings(sql, allocation));
  return {
    total: deals.reduce<Earnings>(addEarnings, NOTHING),
    deals: deals.slice(page.offset, page.offset + page.limit),
    dealCount: total,
  };
}

/** Metered, settled and paid of one allocation. */
export async function readDealEarnings(sql: Sql, allocation: AllocationRecord): Promise<DealEarnings> {
  const { dealId, node, ratePerGiB, paidWei, feeWei, balanceWei, lockedWei, throughEpoch } = allocation;
  const byEpoch = await readBytesByEpoch(sql, { dealId, node }, MAX_UINT32);
  const spans = await readClaimedSpans(sql, { dealId, node });
  const bytes = billableBytes(byEpoch, spans);
  const voucher = (await findVoucher(sql, { dealId, node }))?.voucher;
  const settledWei = larger(voucher?.cumulative ?? 0n, paidWei + lockedWei);
  const meteredWei = larger(priceWei(bytes, ratePerGiB), settledWei);
  const lostWei = larger(meteredWei - paidWei - lockedWei - balanceWei, 0n);
  return {
    ...{ dealId, bytes, ratePerGiB, balanceWei, throughEpoch },
    handedInThrough: Math.max(throughEpoch, voucher?.throughEpoch ?? 0),
    ...{ meteredWei, settledWei, paidWei, feeWei, lockedWei, lostWei },
    paidByRoute: paidByRouteOf(paidWei, spans),
  };
}

/** Vouchers paid what no claim did. */
function paidByRouteOf(paidWei: bigint, spans: readonly ClaimedSpan[]): PaidByRoute {
  const paidBy = (route: ClaimedSpan['route']): bigint =>
    spans.reduce((sum, span) => (span.route === route ? sum + span.paidWei : sum), 0n);
  const directClaim = paidBy('direct-claim');
  const sampledClaim = paidBy('sampled-claim');
  return { voucher: paidWei - directClaim - sampledClaim, directClaim, sampledClaim };
}

function addEarnings(sum: Earnings, deal: Earnings): Earnings {
  return {
    meteredWei: sum.meteredWei + deal.meteredWei,
    settledWei: sum.settledWei + deal.settledWei,
    paidWei: sum.paidWei + deal.paidWei,
    feeWei: sum.feeWei + deal.feeWei,
    paidByRoute: {
      voucher: sum.paidByRoute.voucher + deal.paidByRoute.voucher,
      directClaim: sum.paidByRoute.directClaim + deal.paidByRoute.directClaim,
      sampledClaim: sum.paidByRoute.sampledClaim + deal.paidByRoute.sampledClaim,
    },
    lockedWei: sum.lockedWei + deal.lockedWei,
    lostWei: sum.lostWei + deal.lostWei,
  };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
