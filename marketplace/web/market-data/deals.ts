import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const dealFields = {
  dealId: as.bytes32,
  publisher: as.address,
  state: as.oneOf('open', 'closing', 'closed'),
  /** Root CID, or null for a codec that names none. */
  cid: as.nullable(as.text),
  contentRoot: as.bytes32,
  serviceLevel: as.count,
  freeWei: as.wei,
  depositedWei: as.wei,
  withdrawnWei: as.wei,
} as const;

const allocation = as.object({
  node: as.address,
  state: as.oneOf('active', 'thawing', 'released'),
  ratePerGiB: as.wei,
  allocatedWei: as.wei,
  balanceWei: as.wei,
  lockedWei: as.wei,
  paidWei: as.wei,
  feeWei: as.wei,
  releasedWei: as.wei,
  throughEpoch: as.count,
  thawEndEpoch: as.count,
});

const deal = as.object(dealFields);
const dealWithAllocations = as.object({
  ...dealFields,
  allocations: as.list(allocation),
  peerPool: as.nullable(as.object({ fundedWei: as.wei, claimedWei: as.wei })),
  /** Whose admission viewers need; null if the deal is open to everybody. */
  audienceKey: as.nullable(as.address),
});
const page = as.object({ total: as.count, offset: as.count, deals: as.list(deal) });
const content = as.object({ cid: as.text, contentRoot: as.bytes32, deals: as.list(dealWithAllocations) });

export type Deal = as.Decoded<typeof deal>;
export type Allocation = as.Decoded<typeof allocation>;
export type DealWithAllocations = as.Decoded<typeof dealWithAllocations>;
export type DealPage = as.Decoded<typeof page>;
/** A content with the deals that pay for it. */
export type PaidContent = as.Decoded<typeof content>;

export interface DealWish extends PageWish {
  readonly publisher?: string;
  readonly node?: string;
  readonly state?: 'open' | 'closing' | 'closed';
}

export function fetchDeals(wish: DealWish, signal?: AbortSignal): Promise<DealPage> {
  return callMarket({ path: pagePath('/v1/deals', wish), decode: page, signal });
}

export function fetchDeal(dealId: string, signal?: AbortSignal): Promise<DealWithAllocations> {
  return callMarket({ path: `/v1/deals/${encodeURIComponent(dealId)}`, decode: dealWithAllocations, signal });
}

export function fetchContent(cid: string, signal?: AbortSignal): Promise<PaidContent> {
  return callMarket({ path: `/v1/content/${encodeURIComponent(cid)}`, decode: content, signal });
}
