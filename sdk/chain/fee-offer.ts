import type { FeeData } from 'ethers';

/** What a transaction offers for a unit of gas, wei of ether. */
export type FeeOffer =
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }
  | { readonly type: 0; readonly gasPrice: bigint };

/** A replacement offers so much more, percent: chain nodes refuse less than 10, some less than 12.5. */
const RAISE_PERCENT = 13n;
/** Without a ceiling of the operator, and for what was sent above it, the last offer is so many times the first. */
const MOST_RAISES_TIMES = 10n;

/** What the chain asks now. */
export function offerOf(fees: Pick<FeeData, 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas'>): FeeOffer {
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice } = fees;
  return maxFeePerGas !== null && maxPriorityFeePerGas !== null
    ? { type: 2, maxFeePerGas, maxPriorityFeePerGas }
    : { type: 0, gasPrice: gasPrice ?? 0n };
}

/** Most that a unit of gas can cost by an offer. */
export const mostOf = (offer: FeeOffer): bigint => (offer.type === 2 ? offer.maxFeePerGas : offer.gasPrice);

/**
 * The highest offer for replacements of a transaction: the operator's ceiling, or ten times the first offer where there is
 * none or the first offer was above it already, because the transaction could not wait.
 */
export function highestOffer(first: FeeOffer, ceilingWei: bigint | undefined): bigint {
  const most = mostOf(first);
  return ceilingWei === undefined || most > ceilingWei ? MOST_RAISES_TIMES * most : ceilingWei;
}

/** The offer that replaces another one: at least 13 % more, more if the chain asks more; undefined above the bound. */
export function raisedOffer(last: FeeOffer, asked: FeeOffer, highestWei: bigint): FeeOffer | undefined {
  const raise = (wei: bigint): bigint => (wei * (100n + RAISE_PERCENT)) / 100n + 1n;
  const most = larger(raise(mostOf(last)), mostOf(asked));
  const needed = raise(mostOf(last));
  if (needed > highestWei) return undefined;
  const capped = most < highestWei ? most : highestWei;
  if (last.type === 0) return { type: 0, gasPrice: capped };
  const askedPriority = asked.type === 2 ? asked.maxPriorityFeePerGas : 0n;
  const priority = larger(raise(last.maxPriorityFeePerGas), askedPriority);
  return { type: 2, maxFeePerGas: capped, maxPriorityFeePerGas: priority < capped ? priority : capped };
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
