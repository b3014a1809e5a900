import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import type { ClaimNote, PaymentRoute } from '../settlement/settlement-notes.ts';
import { peerEarnings } from '../peers/peer-earnings.ts';
import type { PeerStore } from '../peers/peer-store.ts';
import type { SettlementStore } from '../settlement/settlement-store.ts';
import {
  dealMoney,
  type AllocationFigures,
  type DealMoney,
  type DealPayment,
  type DealRecord,
  type RoutePay,
} from './deal-money.ts';
import {
  addGas,
  addGasByRoute,
  GAS_ROUTES,
  gasBook,
  gasInAll,
  NO_GAS,
  type GasByRoute,
  type GasRoute,
  type GasSpent,
} from './gas-spent.ts';
import type { PeerPay } from './peer-rows.ts';

/** What earnings are read from; works without a running node. */
export interface EarningsSources {
  readonly journal: Pick<ReceiptJournal, 'totals'>;
  readonly store: Pick<SettlementStore, 'deals' | 'metered' | 'voucher' | 'payments' | 'claims' | 'gasNotes'>;
  /** What the chain says of a deal; undefined when only the store's notes are at hand. */
  readonly allocation: (dealId: DealId) => AllocationFigures | undefined;
  /** Last epoch that has ended. */
  readonly ripeEpoch: Epoch | undefined;
  /** Accounts of a node in role peer. */
  readonly peerStore?: Pick<PeerStore, 'accounts' | 'claims'> | undefined;
}

/** The money of one deal and what earning it has cost. */
export interface DealBooks {
  readonly deal: DealRecord;
  readonly money: DealMoney;
  readonly gas: GasByRoute;
}

/** All figures of a node's money: the command line, the status and the metrics say what stands here. */
export interface NodeEarnings {
  readonly deals: readonly DealBooks[];
  /** Gas that was for no deal in particular. */
  readonly gasOfNoDeal: GasByRoute;
  readonly claims: readonly ClaimNote[];
  /** From peer pools; undefined on an edge. */
  readonly peer: PeerPay | undefined;
}

/** Pay and cost of one route, over all deals. */
export interface RouteSum extends RoutePay, GasSpent {
  readonly route: GasRoute;
}

/** Adds up every deal that this node ever served. */
export function nodeEarnings(sources: EarningsSources): NodeEarnings {
  const { store, allocation, ripeEpoch } = sources;
  const claims = store.claims();
  const payments = Map.groupBy(store.payments(), ({ dealId }) => dealId);
  const claimsOf = Map.groupBy(claims, ({ dealId }) => dealId);
  const gas = gasBook(store.gasNotes());
  const deals = store.deals().map((note) => {
    const { dealId } = note;
    const deal: DealRecord = {
      ...note,
      bytesByEpoch: bytesByEpoch(dealId, sources),
      voucher: store.voucher(dealId)?.voucher,
      payments: (payments.get(dealId) ?? []) satisfies readonly DealPayment[],
      claims: claimsOf.get(dealId) ?? [],
      allocation: allocation(dealId),
    };
    return { deal, money: dealMoney(deal, ripeEpoch), gas: gas.byDeal.get(dealId) ?? NO_GAS };
  });
  const known = new Set(deals.map(({ deal }) => deal.dealId));
  const strangers = [...gas.byDeal].filter(([dealId]) => !known.has(dealId)).map(([, spent]) => spent);
  return {
    deals,
    claims,
    gasOfNoDeal: strangers.reduce(addGasByRoute, gas.ofNoDeal),
    peer: peerPay(sources),
  };
}

/** Pay and cost by route; their costs together are all gas that was spent. */
export function routeSums({ deals, gasOfNoDeal, peer }: NodeEarnings): RouteSum[] {
  return GAS_ROUTES.map((route) => {
    const spent = deals.reduce((sum, { gas }) => addGas(sum, gas[route]), gasOfNoDeal[route]);
    const pay = route === 'peer-claim' ? poolPay(peer) : payOf(deals, route);
    return { route, ...spent, ...pay };
  });
}

/** All gas that was spent. */
export function gasOfAll({ deals, gasOfNoDeal }: NodeEarnings): GasSpent {
  return deals.reduce((sum, { gas }) => addGas(sum, gasInAll(gas)), gasInAll(gasOfNoDeal));
}

function peerPay({ peerStore, journal }: EarningsSources): PeerPay | undefined {
  if (peerStore === undefined) return undefined;
  return { earnings: peerEarnings(peerStore, journal), claims: peerStore.claims().length };
}

/** Peers pay no protocol fee. */
function poolPay(peer: PeerPay | undefined): RoutePay {
  return { payments: peer?.claims ?? 0, paidWei: peer?.earnings.paidWei ?? 0n, feeWei: 0n };
}

function payOf(deals: readonly DealBooks[], paying: PaymentRoute): RoutePay {
  const sum = { payments: 0, paidWei: 0n, feeWei: 0n };
  for (const { money } of deals) {
    sum.payments += money.routes[paying].payments;
    sum.paidWei += money.routes[paying].paidWei;
    sum.feeWei += money.routes[paying].feeWei;
  }
  return sum;
}

/** The journal keeps what is not paid, the store what the journal has forgotten. */
function bytesByEpoch(
  dealId: DealId,
  sources: Pick<EarningsSources, 'journal' | 'store'>,
): Map<Epoch, bigint> {
  const bytes = sources.store.metered(dealId);
  for (const [epoch, kept] of sources.journal.totals(dealId)?.receiptedByEpoch ?? []) {
    if (kept > (bytes.get(epoch) ?? 0n)) bytes.set(epoch, kept);
  }
  return bytes;
}
