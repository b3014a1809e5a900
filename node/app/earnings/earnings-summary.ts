import type { MoneyFigures } from '../../adapters/metrics/node-metrics.ts';
import { isOpen, lostInAllWei } from './deal-money.ts';
import { gasOfAll, routeSums, type NodeEarnings } from './node-earnings.ts';

/** Sums over all deals, for the status: `meteredWei` is the sum of the five parts below it. */
export interface EarningsSummary {
  readonly bytes: bigint;
  readonly meteredWei: bigint;
  readonly paidWei: bigint;
  readonly voucherDueWei: bigint;
  readonly inClaimWei: bigint;
  readonly unsettledWei: bigint;
  readonly lostWei: bigint;
  readonly gasCostWei: bigint;
  readonly openClaims: number;
}

/** Adds up all deals. */
export function earningsSummary(earnings: NodeEarnings): EarningsSummary {
  const sum = {
    ...{ bytes: 0n, meteredWei: 0n, paidWei: 0n, voucherDueWei: 0n },
    ...{ inClaimWei: 0n, unsettledWei: 0n, lostWei: 0n },
  };
  for (const { money } of earnings.deals) {
    sum.bytes += money.bytes;
    sum.meteredWei += money.meteredWei;
    sum.paidWei += money.paidWei;
    sum.voucherDueWei += money.voucherDueWei;
    sum.inClaimWei += money.inClaimWei;
    sum.unsettledWei += money.unsettledWei;
    sum.lostWei += lostInAllWei(money);
  }
  const { gasCostWei } = gasOfAll(earnings);
  return { ...sum, gasCostWei, openClaims: earnings.claims.filter(isOpen).length };
}

/** The same sums for monitoring. */
export function moneyFigures(earnings: NodeEarnings): MoneyFigures {
  const summary = earningsSummary(earnings);
  const routes = routeSums(earnings);
  return {
    parts: {
      paid: summary.paidWei,
      voucher_due: summary.voucherDueWei,
      in_claim: summary.inClaimWei,
      unsettled: summary.unsettledWei,
      lost: summary.lostWei,
    },
    paidByRoute: new Map(routes.map(({ route, paidWei }) => [route, paidWei])),
    gasCostByRoute: new Map(routes.map(({ route, gasCostWei }) => [route, gasCostWei])),
    openClaims: summary.openClaims,
  };
}
