import { callMarket } from '../market-data/call-market.ts';
import * as as from '../market-data/decode.ts';
import type { QuoteWish } from './wishes.ts';

const MAX_NODES = 64;

const quote = as.object({
  nodes: as.list(
    as.object({
      node: as.address,
      region: as.text,
      endpoints: as.list(as.text, 16),
      ratePerGiB: as.wei,
      amountWei: as.wei,
    }),
    MAX_NODES,
  ),
  depositWei: as.wei,
  expectedCostWei: as.wei,
  considered: as.count,
  eligible: as.count,
  removed: as.record(as.count),
  excluded: as.list(
    as.object({
      node: as.address,
      region: as.text,
      constraint: as.text,
      need: as.text,
      have: as.text,
      unit: as.text,
    }),
    MAX_NODES,
  ),
  missingReplicas: as.count,
  runwaySeconds: as.nullable(as.seconds),
  expectedFetchSeconds: as.nullable(as.seconds),
  figures: as.object({
    fetchFormula: as.text,
    runwayFormula: as.text,
    samples: as.count,
    nodes: as.list(
      as.object({
        node: as.address,
        askWeiPerGiB: as.wei,
        loadBytesPerSecond: as.number,
        uplinkBytesPerSecond: as.nullable(as.number),
        deliveredBytesPerSecond: as.nullable(as.number),
        samples: as.count,
      }),
      MAX_NODES,
    ),
  }),
});

/** What a distribution would cost, which nodes would carry it, and why others would not. */
export type Quote = as.Decoded<typeof quote>;

export function fetchQuote(wish: QuoteWish, signal?: AbortSignal): Promise<Quote> {
  return callMarket({ path: '/v1/quotes', decode: quote, body: wish, signal });
}

const keys = as.object({ grantKey: as.address, collector: as.address });

/** Keys of the marketplace that grant to viewers of this publisher and sign its vouchers. */
export function fetchCoordinatorKeys(publisher: string, signal?: AbortSignal) {
  return callMarket({ path: '/v1/coordinator/keys', decode: keys, body: { publisher }, signal });
}
