import { callMarket } from './call-market.ts';
import * as as from './decode.ts';

const plannedNode = as.object({
  node: as.address,
  region: as.text,
  endpoints: as.list(as.text, 16),
  ratePerGiB: as.wei,
  amountWei: as.wei,
});
const excluded = as.object({
  node: as.address,
  region: as.text,
  /** What the node fails: active, healthy, region, price, stake, capacity. */
  constraint: as.text,
  need: as.text,
  have: as.text,
  /** Of need and have: state, region, wei/GiB, wei, bytes, bytes/s. */
  unit: as.otherwise(as.text, 'state'),
});
const measuredNode = as.object({
  node: as.address,
  askWeiPerGiB: as.wei,
  loadBytesPerSecond: as.number,
  uplinkBytesPerSecond: as.nullable(as.number),
  freeDiskBytes: as.nullable(as.bytes),
  deliveredBytesPerSecond: as.nullable(as.number),
  samples: as.count,
});
const figures = as.object({
  fetchFormula: as.text,
  runwayFormula: as.text,
  peakBytesPerSecond: as.nullable(as.number),
  /** Receipted grants behind the rates. */
  samples: as.count,
  nodes: as.list(measuredNode, 256),
});
const quote = as.object({
  nodes: as.list(plannedNode, 256),
  /** To escrow; what is not earned returns. */
  depositWei: as.wei,
  /** What the expected delivery will cost. */
  expectedCostWei: as.wei,
  storedBytes: as.bytes,
  /** Registered edges. */
  considered: as.count,
  /** Edges that pass every constraint. */
  eligible: as.count,
  /** Edges that each constraint removed, in the order in which they are asked. */
  removed: as.record(as.count),
  excluded: as.otherwise(as.list(excluded, 64), []),
  missingReplicas: as.count,
  /** How long the deposit lasts; null if nothing is spent or no days were given. */
  runwaySeconds: as.nullable(as.seconds),
  /** How long one viewer fetches all of it, at the most; null if no node was measured. */
  expectedFetchSeconds: as.nullable(as.seconds),
  /** The measured numbers that were used. */
  figures: as.nullable(figures),
});

export type Quote = as.Decoded<typeof quote>;
export type PlannedNode = as.Decoded<typeof plannedNode>;
export type ExcludedNode = as.Decoded<typeof excluded>;

/** What a price is asked for. */
export interface QuoteWish {
  readonly bytes: number;
  /** What all viewers together will fetch. */
  readonly expectedDeliveryBytes: number;
  readonly replicas: number;
  readonly regions?: readonly string[];
  readonly serviceLevel?: number;
  readonly maxRatePerGiB?: bigint;
  readonly peakViewers?: number;
  /** Of one viewer, bits a second. */
  readonly bitrate?: number;
  readonly days?: number;
}

export function fetchQuote(wish: QuoteWish, signal?: AbortSignal): Promise<Quote> {
  const { maxRatePerGiB, ...rest } = wish;
  const body = { ...rest, ...(maxRatePerGiB !== undefined && { maxRatePerGiB: maxRatePerGiB.toString() }) };
  return callMarket({ path: '/v1/quotes', decode: quote, signal, body });
}
