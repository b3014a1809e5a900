import type { EarningsDocument } from '../control/documents.ts';
import { PAYMENT_ROUTES } from '../settlement/settlement-notes.ts';
import type { OpenClaim } from './claim-deadline.ts';
import { LOSS_REASONS } from './deal-money.ts';
import { earningsTable, type EarningsGrouping, type EarningsRow } from './earnings-table.ts';
import { gasInAll, GAS_ROUTES } from './gas-spent.ts';
import { LOSS_TEXTS } from './loss-reasons.ts';
import { encodePeerAccounts, peerRows } from './peer-rows.ts';
import { gasOfAll, routeSums, type DealBooks, type NodeEarnings, type RouteSum } from './node-earnings.ts';

/** How the figures are to be shown. */
export interface EarningsView {
  readonly by: EarningsGrouping;
  readonly paidFrom: EarningsDocument['paidFrom'];
  readonly epochSeconds: number;
  /** Token wei that one native coin is worth; 0 when the operator gave no rate. */
  readonly gasTokenWei: bigint;
  readonly openClaims: readonly OpenClaim[];
}

const NATIVE_WEI = 10n ** 18n;

/** All figures of a node's money as the control door and the command line carry them (SPEC.md, document). */
export function encodeEarnings(earnings: NodeEarnings, view: EarningsView): EarningsDocument {
  const { by, paidFrom, epochSeconds, openClaims } = view;
  const table = earningsTable(earnings.deals, by, epochSeconds, peerRows(earnings.peer, by));
  const routes = routeSums(earnings).filter(isUsed);
  const gas = gasOfAll(earnings);
  const feeWei = routes.reduce((sum, route) => sum + route.feeWei, 0n);
  const gasTokenWei = inTokens(gas.gasCostWei, view);
  return {
    ...{ by, paidFrom, rows: table.rows.map(encodeRow), total: encodeRow(table.total) },
    gasUsed: gas.gasUsed.toString(),
    gasCostWei: gas.gasCostWei.toString(),
    gasTokenWei: gasTokenWei?.toString() ?? null,
    feeWei: feeWei.toString(),
    netWei: gasTokenWei === undefined ? null : (table.total.paidWei - feeWei - gasTokenWei).toString(),
    routes: routes.map((route) => encodeRoute(route, view)),
    deals: earnings.deals.map((books) => encodeDeal(books, view)),
    claims: openClaims.map(encodeClaim),
    peerAccounts: encodePeerAccounts(earnings.peer),
  };
}

/** A row of the table as text. */
export function encodeRow(row: EarningsRow): EarningsDocument['total'] {
  return {
    key: row.key,
    bytes: row.bytes.toString(),
    meteredWei: row.meteredWei.toString(),
    settledWei: row.settledWei.toString(),
    paidWei: row.paidWei.toString(),
    voucherDueWei: row.voucherDueWei.toString(),
    inClaimWei: row.inClaimWei.toString(),
    unsettledWei: row.unsettledWei.toString(),
    lostWei: row.lostWei.toString(),
  };
}

function encodeDeal(books: DealBooks, view: EarningsView): EarningsDocument['deals'][number] {
  const { deal, money, gas } = books;
  const routes = GAS_ROUTES.map((route) => {
    const paying = PAYMENT_ROUTES.find((each) => each === route);
    const pay = paying === undefined ? { payments: 0, paidWei: 0n, feeWei: 0n } : money.routes[paying];
    return { route, ...gas[route], ...pay };
  }).filter(isUsed);
  const { gasCostWei } = gasInAll(gas);
  const feeWei = routes.reduce((sum, route) => sum + route.feeWei, 0n);
  const gasTokenWei = inTokens(gasCostWei, view);
  return {
    dealId: deal.dealId,
    publisher: deal.publisher,
    contentRoot: deal.contentRoot,
    ratePerGib: deal.ratePerGiB.toString(),
    bytes: money.bytes.toString(),
    meteredWei: money.meteredWei.toString(),
    paidWei: money.paidWei.toString(),
    unpaidWei: money.unpaidWei.toString(),
    voucherDueWei: money.voucherDueWei.toString(),
    inClaimWei: money.inClaimWei.toString(),
    unsettledWei: money.unsettledWei.toString(),
    runningWei: money.runningWei.toString(),
    unreadWei: money.unreadWei.toString(),
    lost: LOSS_REASONS.filter((reason) => money.lostWei[reason] > 0n).map((reason) => ({
      reason,
      wei: money.lostWei[reason].toString(),
      ...LOSS_TEXTS[reason],
    })),
    gasCostWei: gasCostWei.toString(),
    gasTokenWei: gasTokenWei?.toString() ?? null,
    netWei: gasTokenWei === undefined ? null : (money.paidWei - feeWei - gasTokenWei).toString(),
    routes: routes.map((route) => encodeRoute(route, view)),
  };
}

function encodeRoute(route: RouteSum, view: EarningsView): EarningsDocument['routes'][number] {
  return {
    route: route.route,
    payments: route.payments,
    paidWei: route.paidWei.toString(),
    feeWei: route.feeWei.toString(),
    gasUsed: route.gasUsed.toString(),
    gasCostWei: route.gasCostWei.toString(),
    gasTokenWei: inTokens(route.gasCostWei, view)?.toString() ?? null,
  };
}

function encodeClaim({ claim, blocksLeft, deadlineSeconds }: OpenClaim): EarningsDocument['claims'][number] {
  return {
    dealId: claim.dealId,
    state: claim.state,
    fromEpoch: claim.fromEpoch,
    toEpoch: claim.toEpoch,
    receipts: claim.receipts,
    bytes: claim.totalBytes.toString(),
    lockedWei: claim.lockedWei.toString(),
    bondWei: claim.bondWei.toString(),
    committedBlock: claim.committedBlock,
    seedBlock: claim.seedBlock,
    lastBlock: claim.lastBlock,
    blocksLeft: blocksLeft ?? null,
    deadline: deadlineSeconds === undefined ? null : new Date(deadlineSeconds * 1000).toISOString(),
  };
}

function isUsed(route: RouteSum): boolean {
  return route.payments > 0 || route.gasUsed > 0n;
}

function inTokens(gasCostWei: bigint, { gasTokenWei }: EarningsView): bigint | undefined {
  return gasTokenWei === 0n ? undefined : (gasCostWei * gasTokenWei) / NATIVE_WEI;
}
