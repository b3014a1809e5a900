import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath } from './page-path.ts';

/** Most moments that an answer has. */
const MAX_POINTS = 2_000;

const point = as.object({
  /** Unix seconds. */
  at: as.seconds,
  activeNodes: as.count,
  readyNodes: as.count,
  openDeals: as.count,
  escrowedWei: as.wei,
  /** Since the beginning. */
  deliveredBytes: as.bytes,
  /** Since the beginning, fee included. */
  paidWei: as.wei,
  medianAskWeiPerGiB: as.nullable(as.wei),
});
const statistics = as.object({ points: as.list(point, MAX_POINTS), now: point });

/** The market at one moment. */
export type MarketMoment = as.Decoded<typeof point>;
export type Statistics = as.Decoded<typeof statistics>;

export function fetchStatistics(
  span: { readonly hours: number; readonly points: number },
  signal?: AbortSignal,
): Promise<Statistics> {
  return callMarket({ path: pagePath('/v1/statistics', span), decode: statistics, signal });
}
