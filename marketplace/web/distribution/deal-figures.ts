import { callMarket } from '../market-data/call-market.ts';
import * as as from '../market-data/decode.ts';

const money = as.object({
  depositedWei: as.wei,
  freeWei: as.wei,
  withdrawnWei: as.wei,
  allocations: as.list(
    as.object({
      node: as.address,
      state: as.oneOf('active', 'thawing', 'released'),
      allocatedWei: as.wei,
      meteredWei: as.wei,
      vouchedWei: as.wei,
      paidWei: as.wei,
      feeWei: as.wei,
      balanceWei: as.wei,
      lockedWei: as.wei,
      releasedWei: as.wei,
      lostWei: as.wei,
      /** What its node has still to do to be paid: taking its money back before costs it what it delivered. */
      outstanding: as.nullable(as.oneOf('receipts', 'payment', 'claim')),
    }),
  ),
  peerPool: as.nullable(as.object({ fundedWei: as.wei, claimedWei: as.wei, remainingWei: as.wei })),
  totals: as.object({
    meteredWei: as.wei,
    vouchedWei: as.wei,
    paidWei: as.wei,
    feeWei: as.wei,
    /** Part of metered that no route can pay any more. */
    lostWei: as.wei,
    remainingWei: as.wei,
  }),
  runwaySeconds: as.nullable(as.seconds),
  burnWeiPerHour: as.wei,
  refund: as.object({ availableWei: as.wei, thawingWei: as.wei, availableAt: as.nullable(as.seconds) }),
});

/** Where the money of a distribution is. */
export type DealMoney = as.Decoded<typeof money>;

const delivery = as.object({
  totalBytes: as.bytes,
  viewers: as.count,
  nodes: as.list(
    as.object({
      node: as.address,
      region: as.nullable(as.text),
      role: as.nullable(as.text),
      bytes: as.bytes,
      lastReceiptAt: as.seconds,
    }),
  ),
  epochs: as.list(as.object({ epoch: as.count, startsAt: as.count, bytes: as.bytes, viewers: as.count })),
  latest: as.list(
    as.object({ at: as.seconds, node: as.address, bytes: as.bytes, region: as.nullable(as.text) }),
  ),
});

/** What was delivered of it. */
export type DealDelivery = as.Decoded<typeof delivery>;

const nodes = as.object({
  nodes: as.list(
    as.object({
      node: as.address,
      region: as.nullable(as.text),
      endpoints: as.list(as.text, 64),
      state: as.oneOf('ready', 'down', 'unknown', 'leaving'),
      allocationState: as.oneOf('active', 'thawing', 'released'),
      holdsContent: as.oneOf('yes', 'no', 'unknown'),
      ratePerGiB: as.wei,
      balanceWei: as.wei,
      bytes: as.bytes,
      lastReceiptAt: as.nullable(as.seconds),
    }),
  ),
});

/** Nodes that are paid for it. */
export type DealNodes = as.Decoded<typeof nodes>;

const pathOf = (dealId: string, what: string): string => `/v1/deals/${encodeURIComponent(dealId)}/${what}`;

export const fetchMoney = (dealId: string, signal?: AbortSignal): Promise<DealMoney> =>
  callMarket({ path: pathOf(dealId, 'money'), decode: money, signal });

export const fetchDelivery = (dealId: string, signal?: AbortSignal): Promise<DealDelivery> =>
  callMarket({ path: pathOf(dealId, 'delivery'), decode: delivery, signal });

export const fetchDealNodes = (dealId: string, signal?: AbortSignal): Promise<DealNodes> =>
  callMarket({ path: pathOf(dealId, 'nodes'), decode: nodes, signal });
