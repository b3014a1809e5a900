import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { GasNote, GasStep } from '../settlement/settlement-notes.ts';

/** What gas is spent for: the three routes of an edge, and the claims of a peer. */
export const GAS_ROUTES = ['voucher', 'direct-claim', 'sampled-claim', 'peer-claim'] as const;
export type GasRoute = (typeof GAS_ROUTES)[number];

/** The route that each kind of transaction serves. */
const ROUTE_OF_STEP: Readonly<Record<GasStep, GasRoute>> = {
  voucher: 'voucher',
  'direct-claim': 'direct-claim',
  'claim-commit': 'sampled-claim',
  'claim-pin': 'sampled-claim',
  'claim-open': 'sampled-claim',
  'claim-void': 'sampled-claim',
  'claim-supersede': 'sampled-claim',
  'bond-approval': 'sampled-claim',
  'peer-claim': 'peer-claim',
};

/** Gas of one deal and route. */
export interface GasSpent {
  readonly gasUsed: bigint;
  /** Wei of the chain's coin. */
  readonly gasCostWei: bigint;
}

export type GasByRoute = Readonly<Record<GasRoute, GasSpent>>;

/** Gas of every deal, and of what was for no deal, such as the approval of the bond. */
export interface GasBook {
  readonly byDeal: ReadonlyMap<DealId, GasByRoute>;
  readonly ofNoDeal: GasByRoute;
}

export const NO_GAS: GasByRoute = {
  voucher: { gasUsed: 0n, gasCostWei: 0n },
  'direct-claim': { gasUsed: 0n, gasCostWei: 0n },
  'sampled-claim': { gasUsed: 0n, gasCostWei: 0n },
  'peer-claim': { gasUsed: 0n, gasCostWei: 0n },
};

/**
 * Shares the cost of each transaction among the deals that it was for, in equal parts; what does not divide goes to the
 * first ones, a unit each. All shares together are the whole cost.
 */
export function gasBook(notes: readonly GasNote[]): GasBook {
  const byDeal = new Map<DealId, GasByRoute>();
  let ofNoDeal = NO_GAS;
  for (const { step, dealIds, gasUsed, gasCostWei } of notes) {
    const route = ROUTE_OF_STEP[step];
    if (dealIds.length === 0) ofNoDeal = plus(ofNoDeal, route, { gasUsed, gasCostWei });
    dealIds.forEach((dealId, index) => {
      const part = {
        gasUsed: share(gasUsed, dealIds.length, index),
        gasCostWei: share(gasCostWei, dealIds.length, index),
      };
      byDeal.set(dealId, plus(byDeal.get(dealId) ?? NO_GAS, route, part));
    });
  }
  return { byDeal, ofNoDeal };
}

/** Sum over all routes. */
export function gasInAll(gas: GasByRoute): GasSpent {
  return GAS_ROUTES.reduce((sum, route) => addGas(sum, gas[route]), { gasUsed: 0n, gasCostWei: 0n });
}

export function addGas(a: GasSpent, b: GasSpent): GasSpent {
  return { gasUsed: a.gasUsed + b.gasUsed, gasCostWei: a.gasCostWei + b.gasCostWei };
}

/** Route by route. */
export function addGasByRoute(a: GasByRoute, b: GasByRoute): GasByRoute {
  return GAS_ROUTES.reduce((sum, route) => plus(sum, route, b[route]), a);
}

function plus(gas: GasByRoute, route: GasRoute, part: GasSpent): GasByRoute {
  return { ...gas, [route]: addGas(gas[route], part) };
}

function share(whole: bigint, parts: number, index: number): bigint {
  const equal = whole / BigInt(parts);
  return BigInt(index) < whole % BigInt(parts) ? equal + 1n : equal;
}
