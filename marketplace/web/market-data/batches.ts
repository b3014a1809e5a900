import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const batch = as.object({
  dealId: as.bytes32,
  node: as.address,
  epoch: as.count,
  /** Receipts of viewers. */
  receipts: as.count,
  bytes: as.bytes,
  /** Price of the bytes. */
  wei: as.wei,
  /** The voucher that covers them, once one is signed. */
  voucher: as.nullable(as.object({ cumulativeWei: as.wei, throughEpoch: as.count })),
  /** The transaction that paid them, once there is one. */
  transactionHash: as.nullable(as.bytes32),
});
const page = as.object({ total: as.count, offset: as.count, batches: as.list(batch) });

/** The receipts of one node, deal and epoch. */
export type Batch = as.Decoded<typeof batch>;
export type BatchPage = as.Decoded<typeof page>;

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
