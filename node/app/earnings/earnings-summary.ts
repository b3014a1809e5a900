import type { MoneyFigures } from '../../adapters/metrics/node-metrics.ts';
import { isOpen } from './deal-money.ts';
import { earningsTable } from './earnings-table.ts';
import { peerRows } from './peer-rows.ts';
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
  const { total } = earningsTable(earnings.deals, 'deal', 1, peerRows(earnings.peer, 'deal'));
  const { gasCostWei } = gasOfAll(earnings);
  return { ...total, gasCostWei, openClaims: earnings.claims.filter(isOpen).length };
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
