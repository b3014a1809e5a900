import type { Address } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { earnedInAll } from '../coordinator/peer-earnings.ts';
import type { Sql } from '../database/database.ts';
import { readAllocationsOfDeal, type AllocationRecord, type DealRecord } from '../database/deal-records.ts';
import { readDeliveriesOfDeal } from '../database/delivery-accounts.ts';
import { readPeerMeters, type PeerMeter } from '../database/peer-ledger.ts';
import { findPeerPool, type PeerPoolRecord } from '../database/peer-pools.ts';
import { readDealEarnings, type DealEarnings } from './operator-earnings.ts';
import { readOutstanding, type OutstandingStep } from './outstanding.ts';

const HOUR_SECONDS = 3_600;
/** A rate is told from no less than a minute of delivery. */
const MIN_BURN_SECONDS = 60;

/** An allocation with what was earned of it; the same figures that its operator is shown. */
export interface AllocationMoney {
  readonly allocation: AllocationRecord;
  readonly earnings: DealEarnings;
  /** What its node has still to do to be paid; undefined if nothing. */
  readonly outstanding: OutstandingStep | undefined;
}

/** A peer pool with what its peers earned. */
export interface PoolMoney {
  readonly pool: PeerPoolRecord;
  /** Price of what viewers receipted to peers. */
  readonly meteredWei: bigint;
  /** Part of it that a root on chain promises or has paid. */
  readonly vouchedWei: bigint;
  /** Not claimed yet. */
  readonly remainingWei: bigint;
}

/** Sums over allocations and peer pool. `deposited = withdrawn + paid + remaining`, to the last unit. */
export interface MoneyTotals {
  readonly meteredWei: bigint;
  readonly vouchedWei: bigint;
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  /** Part of what is metered that no route can pay any more. */
  readonly lostWei: bigint;
  /** Still in the deal: free, allocated and unpaid, locked by claims, and in the pool. */
  readonly remainingWei: bigint;
}

export interface DealMoney {
  readonly deal: DealRecord;
  readonly allocations: readonly AllocationMoney[];
  readonly peerPool: PoolMoney | undefined;
  readonly totals: MoneyTotals;
  /** What was delivered in the last hour costs an hour, at the rates of the deal. */
  readonly burnWeiPerHour: bigint;
  /** How long what remains lasts at that; undefined if nothing is delivered. */
  readonly runwaySeconds: number | undefined;
  readonly refund: {
    readonly availableWei: bigint;
    readonly thawingWei: bigint;
    /** First epoch in which all that thaws can be released; undefined if nothing thaws. */
    readonly availableFromEpoch: number | undefined;
  };
}

/**
 * The money of a deal, from the tables that vouchers are signed from and the index of the chain; nothing is counted
 * twice, and nothing here is counted differently from the earnings of its operators.
 */
export async function readDealMoney(sql: Sql, deal: DealRecord, nowSeconds: number): Promise<DealMoney> {
  const { dealId } = deal;
  const allocations: AllocationMoney[] = [];
  for (const allocation of await readAllocationsOfDeal(sql, dealId)) {
    const earnings = await readDealEarnings(sql, allocation);
    allocations.push({ allocation, earnings, outstanding: await readOutstanding(sql, allocation, earnings) });
  }
  const meters = await readPeerMeters(sql, dealId);
  const peerPool = poolMoneyOf(await findPeerPool(sql, dealId), meters);
  const totals = totalsOf(deal, allocations, peerPool);
  const burnWeiPerHour = await readBurn(sql, { deal, allocations, meters, nowSeconds });
  return {
    ...{ deal, allocations, peerPool, totals, burnWeiPerHour },
    runwaySeconds:
      burnWeiPerHour === 0n
        ? undefined
        : boundedSeconds((totals.remainingWei * BigInt(HOUR_SECONDS)) / burnWeiPerHour),
    refund: refundOf(deal, allocations, peerPool),
  };
}

function poolMoneyOf(pool: PeerPoolRecord | undefined, meters: readonly PeerMeter[]): PoolMoney | undefined {
  if (pool === undefined) return undefined;
  const vouchedWei = larger(pool.postedWei, pool.claimedWei);
  return {
    pool,
    vouchedWei,
    meteredWei: larger(earnedInAll(meters), vouchedWei),
    remainingWei: pool.fundedWei - pool.claimedWei,
  };
}

function totalsOf(
  deal: DealRecord,
  allocations: readonly AllocationMoney[],
  pool: PoolMoney | undefined,
): MoneyTotals {
  const sum = (part: (one: AllocationMoney) => bigint): bigint =>
    allocations.reduce((total, one) => total + part(one), 0n);
  return {
    meteredWei: sum(({ earnings }) => earnings.meteredWei) + (pool?.meteredWei ?? 0n),
    vouchedWei: sum(({ earnings }) => earnings.settledWei) + (pool?.vouchedWei ?? 0n),
    paidWei: sum(({ earnings }) => earnings.paidWei) + (pool?.pool.claimedWei ?? 0n),
    feeWei: sum(({ earnings }) => earnings.feeWei),
    lostWei: sum(({ earnings }) => earnings.lostWei),
    remainingWei:
      deal.freeWei +
      sum(({ allocation }) => allocation.balanceWei + allocation.lockedWei) +
      (pool?.remainingWei ?? 0n),
  };
}

/** What locked claims hold is decided by the claim, not by a thaw. */
function refundOf(
  deal: DealRecord,
  allocations: readonly AllocationMoney[],
  pool: PoolMoney | undefined,
): DealMoney['refund'] {
  const thawing = allocations.map(({ allocation }) => allocation).filter(({ state }) => state === 'thawing');
  const poolThaws = pool !== undefined && pool.pool.thawEndEpoch > 0;
  const ends = thawing.map(({ thawEndEpoch }) => thawEndEpoch);
  if (poolThaws) ends.push(pool.pool.thawEndEpoch);
  return {
    availableWei: deal.freeWei,
    thawingWei: thawing.reduce((sum, { balanceWei }) => sum + balanceWei, poolThaws ? pool.remainingWei : 0n),
    availableFromEpoch: ends.length === 0 ? undefined : Math.max(...ends),
  };
}

/** Deliveries of the last hour at the rates of the allocations; those of peers at what each has earned a byte so far. */
async function readBurn(
  sql: Sql,
  parts: {
    deal: DealRecord;
    allocations: readonly AllocationMoney[];
    meters: readonly PeerMeter[];
    nowSeconds: number;
  },
): Promise<bigint> {
  const { deal, allocations, meters, nowSeconds } = parts;
  const deliveries = await readDeliveriesOfDeal(sql, deal.dealId, nowSeconds - HOUR_SECONDS);
  if (deliveries.length === 0) return 0n;
  const rates = new Map<Address, bigint>(meters.map(({ peer, ratePerGiB }) => [peer, ratePerGiB]));
  for (const { allocation } of allocations) rates.set(allocation.node, allocation.ratePerGiB);
  const spentWei = deliveries.reduce(
    (sum, { node, bytes }) => sum + priceWei(bytes, rates.get(node) ?? 0n),
    0n,
  );
  const firstSeconds = Math.min(...deliveries.map(({ firstSeconds: first }) => first));
  const observed = Math.min(HOUR_SECONDS, Math.max(MIN_BURN_SECONDS, nowSeconds - firstSeconds));
  return (spentWei * BigInt(HOUR_SECONDS)) / BigInt(observed);
}

function boundedSeconds(seconds: bigint): number | undefined {
  return seconds > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(seconds);
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
