import type { Address, ContentRoot, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import type { ClaimNote, PaymentRoute } from '../settlement/settlement-notes.ts';

/** Why money that was metered will not come, unless what satisfies the rule happens (SPEC.md, losses). */
export const LOSS_REASONS = [
  'ESCROW_EXHAUSTED',
  'ALLOCATION_RELEASED',
  'EPOCHS_CLOSED',
  'CLAIM_VOID',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** One payment of a deal. */
export interface DealPayment {
  readonly route: PaymentRoute;
  readonly throughEpoch: Epoch;
  /** Protocol fee included. */
  readonly paidWei: bigint;
  readonly feeWei: bigint;
}

/** What the chain said last of an allocation. */
export interface AllocationFigures {
  readonly state: 'active' | 'thawing' | 'released';
  /** What can still be paid, without what an open claim has locked. */
  readonly balanceWei: bigint;
  /** What was paid by any route, protocol fee included. */
  readonly paidWei: bigint;
  readonly throughEpoch: Epoch;
}

/** Everything known about one deal's money. */
export interface DealRecord {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly contentRoot: ContentRoot;
  readonly ratePerGiB: bigint;
  /** Receipted bytes by epoch, all of them ever. */
  readonly bytesByEpoch: ReadonlyMap<Epoch, bigint>;
  /** The best voucher. */
  readonly voucher: { readonly cumulative: bigint; readonly throughEpoch: Epoch } | undefined;
  /** As the chain logged them, oldest first. */
  readonly payments: readonly DealPayment[];
  readonly claims: readonly Pick<ClaimNote, 'fromEpoch' | 'toEpoch' | 'lockedWei' | 'state'>[];
  /** Undefined while the chain was never asked: then the payments that were noted are all that is known. */
  readonly allocation: AllocationFigures | undefined;
}

/** What one route has paid. */
export interface RoutePay {
  readonly payments: number;
  readonly paidWei: bigint;
  readonly feeWei: bigint;
}

/**
 * The money of one deal. `meteredWei = paidWei + unpaidWei`, and
 * `unpaidWei = voucherDueWei + inClaimWei + unsettledWei + Σ lostWei`, to the last wei.
 */
export interface DealMoney {
  readonly bytes: bigint;
  /** What receipts are worth; what a voucher says if that is more. */
  readonly meteredWei: bigint;
  /** What has left the allocation, protocol fee included. */
  readonly paidWei: bigint;
  readonly unpaidWei: bigint;
  /** Agreed in a voucher that the escrow covers: one transaction away. */
  readonly voucherDueWei: bigint;
  /** Locked by a sampled claim that is not decided. */
  readonly inClaimWei: bigint;
  /** Neither agreed nor claimed yet, `runningWei` of it of epochs that have not ended. */
  readonly unsettledWei: bigint;
  readonly runningWei: bigint;
  readonly lostWei: Readonly<Record<LossReason, bigint>>;
  /** Payments by their route; `paidWei` less their sum is `unreadWei`. */
  readonly routes: Readonly<Record<PaymentRoute, RoutePay>>;
  /** Paid by transactions that this node has not read yet. */
  readonly unreadWei: bigint;
}

/** Adds up one deal. @param ripeEpoch last epoch that has ended; undefined before the first has */
export function dealMoney(deal: DealRecord, ripeEpoch: Epoch | undefined): DealMoney {
  const { voucher, allocation, ratePerGiB } = deal;
  const bytes = bytesThrough(deal, Infinity);
  const routes = payByRoute(deal.payments);
  const notedWei = Object.values(routes).reduce((sum, { paidWei }) => sum + paidWei, 0n);
  const paidWei = larger(allocation?.paidWei ?? 0n, notedWei);
  const lockedWei = deal.claims.find(isOpen)?.lockedWei ?? 0n;
  const meteredWei = larger(priceWei(bytes, ratePerGiB), paidWei + lockedWei, voucher?.cumulative ?? 0n);
  const unpaidWei = meteredWei - paidWei;

  let restWei = unpaidWei;
  const take = (wantedWei: bigint): bigint => {
    const takenWei = smaller(larger(wantedWei, 0n), restWei);
    restWei -= takenWei;
    return takenWei;
  };
  const inClaimWei = take(lockedWei);
  const released = allocation?.state === 'released';
  const balanceWei = released ? 0n : (allocation?.balanceWei ?? restWei);
  const voucherDueWei = take(smaller(agreedWei(deal, paidWei + inClaimWei), balanceWei));
  const lostWei = {
    ALLOCATION_RELEASED: released ? take(restWei) : 0n,
    CLAIM_VOID: take(closedWei(deal, paidWei, 'CLAIM_VOID')),
    EPOCHS_CLOSED: take(closedWei(deal, paidWei, 'EPOCHS_CLOSED')),
    ESCROW_EXHAUSTED: take(restWei - (balanceWei - voucherDueWei)),
  };
  const endedWei = priceWei(bytesThrough(deal, ripeEpoch ?? -1), ratePerGiB);
  const runningWei = smaller(larger(priceWei(bytes, ratePerGiB) - endedWei, 0n), restWei);
  return {
    ...{ bytes, meteredWei, paidWei, unpaidWei, voucherDueWei, inClaimWei },
    ...{ unsettledWei: restWei, runningWei, lostWei, routes, unreadWei: paidWei - notedWei },
  };
}

/** Sum over all reasons. */
export function lostInAllWei({ lostWei }: Pick<DealMoney, 'lostWei'>): bigint {
  return LOSS_REASONS.reduce((sum, reason) => sum + lostWei[reason], 0n);
}

/** Whether a claim is not decided yet. */
export function isOpen({ state }: Pick<ClaimNote, 'state'>): boolean {
  return state === 'committed' || state === 'seeded';
}

/** What the voucher pays beyond what is paid or claimed; nothing if the chain has settled later epochs since. */
function agreedWei({ voucher, allocation }: DealRecord, coveredWei: bigint): bigint {
  if (voucher === undefined) return 0n;
  if (allocation !== undefined && voucher.throughEpoch < allocation.throughEpoch) return 0n;
  return voucher.cumulative - coveredWei;
}

/** A span of epochs that is closed on chain, and what it paid. */
interface ClosedSpan {
  readonly afterEpoch: number;
  readonly toEpoch: number;
  readonly paidWei: bigint;
  readonly reason: 'CLAIM_VOID' | 'EPOCHS_CLOSED';
}

/** An upper bound of what receipts of closed epochs are worth beyond what they were paid. */
function closedWei(deal: DealRecord, paidWei: bigint, reason: ClosedSpan['reason']): bigint {
  const spans = closedSpans(deal).filter((span) => span.reason === reason);
  const shortWei = spans.reduce((sum, { afterEpoch, toEpoch, paidWei: gotWei }) => {
    const worthWei = priceWei(bytesThrough(deal, toEpoch) - bytesThrough(deal, afterEpoch), deal.ratePerGiB);
    return sum + larger(worthWei - gotWei, 0n);
  }, 0n);
  const lastEpoch = Math.max(-1, ...spans.map(({ toEpoch }) => toEpoch));
  return smaller(shortWei, larger(priceWei(bytesThrough(deal, lastEpoch), deal.ratePerGiB) - paidWei, 0n));
}

/** Spans that a claim has closed, paid or void: an epoch pays by one route (PAYMENT.md, invariant 3). */
function closedSpans({ payments, claims }: DealRecord): ClosedSpan[] {
  const spans: ClosedSpan[] = claims
    .filter(({ state }) => state === 'void')
    .map(({ fromEpoch, toEpoch }) => ({
      ...{ afterEpoch: fromEpoch, toEpoch, paidWei: 0n, reason: 'CLAIM_VOID' as const },
    }));
  let afterEpoch = -1;
  for (const { route, throughEpoch, paidWei } of payments) {
    const voided = spans.filter(({ reason, toEpoch }) => reason === 'CLAIM_VOID' && toEpoch < throughEpoch);
    afterEpoch = Math.max(afterEpoch, ...voided.map(({ toEpoch }) => toEpoch));
    if (route !== 'voucher') {
      spans.push({ afterEpoch, toEpoch: throughEpoch, paidWei, reason: 'EPOCHS_CLOSED' });
    }
    afterEpoch = Math.max(afterEpoch, throughEpoch);
  }
  return spans;
}

function payByRoute(payments: readonly DealPayment[]): Record<PaymentRoute, RoutePay> {
  const routes: Record<PaymentRoute, RoutePay> = {
    voucher: NOTHING_PAID,
    'direct-claim': NOTHING_PAID,
    'sampled-claim': NOTHING_PAID,
  };
  for (const { route, paidWei, feeWei } of payments) {
    const before = routes[route];
    routes[route] = {
      payments: before.payments + 1,
      paidWei: before.paidWei + paidWei,
      feeWei: before.feeWei + feeWei,
    };
  }
  return routes;
}

const NOTHING_PAID: RoutePay = { payments: 0, paidWei: 0n, feeWei: 0n };

function bytesThrough({ bytesByEpoch }: DealRecord, lastEpoch: number): bigint {
  let bytes = 0n;
  for (const [epoch, each] of bytesByEpoch) if (epoch <= lastEpoch) bytes += each;
  return bytes;
}

function larger(first: bigint, ...others: readonly bigint[]): bigint {
  return others.reduce((most, each) => (each > most ? each : most), first);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
