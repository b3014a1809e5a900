import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const batchFields = {
  dealId: as.bytes32,
  node: as.address,
  epoch: as.count,
  /** Unix seconds of the chain. */
  startsAt: as.seconds,
  endsAt: as.seconds,
  /** Receipts of viewers. */
  receipts: as.count,
  bytes: as.bytes,
} as const;
const listedBatch = as.object(batchFields);
const batch = as.object({
  ...batchFields,
  /** What it added to the earnings of its node. */
  wei: as.wei,
  /** The last voucher of node and deal; null if it does not settle this epoch. */
  voucher: as.nullable(as.object({ cumulativeWei: as.wei, throughEpoch: as.count })),
  /** What paid for the epoch on the chain; null if nothing has. */
  payingTransaction: as.nullable(as.object({ hash: as.bytes32, at: as.seconds, route: as.text })),
});
const page = as.object({ total: as.count, offset: as.count, batches: as.list(listedBatch) });

/** The receipts of one node, deal and epoch, and their way to the money. */
export type Batch = as.Decoded<typeof batch>;
/** The same in a list. */
export type ListedBatch = as.Decoded<typeof listedBatch>;
export type BatchPage = as.Decoded<typeof page>;

/** At least one of deal and node is named. */
export interface BatchWish extends PageWish {
  readonly deal?: string;
  readonly node?: string;
}

export function fetchBatches(wish: BatchWish, signal?: AbortSignal): Promise<BatchPage> {
  return callMarket({ path: pagePath('/v1/batches', wish), decode: page, signal });
}

export function fetchBatch(
  { dealId, node, epoch }: { readonly dealId: string; readonly node: string; readonly epoch: number },
  signal?: AbortSignal,
): Promise<Batch> {
  const path = ['/v1/batches', dealId, node, String(epoch)].map((part, index) =>
    index === 0 ? part : encodeURIComponent(part),
  );
  return callMarket({ path: path.join('/'), decode: batch, signal });
}
