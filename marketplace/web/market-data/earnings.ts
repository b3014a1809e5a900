import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const sums = {
  meteredWei: as.wei,
  settledWei: as.wei,
  paidWei: as.wei,
  feeWei: as.wei,
  /** Paid less the fee. */
  receivedWei: as.wei,
  unsettledWei: as.wei,
  unpaidWei: as.wei,
  /** Part of metered that no route can pay any more. */
  lostWei: as.wei,
} as const;
const dealEarnings = as.object({ dealId: as.bytes32, bytes: as.bytes, ratePerGiB: as.wei, ...sums });
const earnings = as.object({
  address: as.address,
  total: as.object(sums),
  dealCount: as.count,
  offset: as.count,
  deals: as.list(dealEarnings),
});

/** What an operator has earned: metered, settled, paid. */
export type Earnings = as.Decoded<typeof earnings>;
export type DealEarnings = as.Decoded<typeof dealEarnings>;

export function fetchEarnings(
  { address, ...page }: PageWish & { readonly address: string },
  signal?: AbortSignal,
): Promise<Earnings> {
  const path = pagePath(`/v1/earnings/${encodeURIComponent(address)}`, page);
  return callMarket({ path, decode: earnings, signal });
}
