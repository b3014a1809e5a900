import { OPEN_AUDIENCE } from '../../sdk/protocol/authorisation.ts';
import { cidOfContentRoot } from '../../sdk/protocol/content.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import type { AudienceRecord } from '../database/audience-ledger.ts';
import type { AllocationRecord, DealRecord } from '../database/deal-records.ts';
import type { NodeRecord } from '../database/node-records.ts';
import type { PeerPoolRecord } from '../database/peer-pools.ts';
import type { Health } from '../coordinator/node-health.ts';
import type { DealEarnings, Earnings } from '../earnings/operator-earnings.ts';
import * as schema from './schemas.ts';

/** How records appear in the API, each beside its schema. Integers of tokens are decimal strings. */

export const nodeSchema = schema.object({
  address: schema.address,
  role: { type: 'string', enum: ['edge', 'peer'] },
  region: { type: 'string' },
  active: { type: 'boolean', description: 'Staked, on the ring, not leaving.' },
  health: {
    type: 'string',
    enum: ['up', 'down', 'unknown'],
    description: 'As last probed by the coordinator.',
  },
  endpoints: schema.endpoints,
  libp2pPublicKey: schema.bytes32,
  nid: schema.nullable(schema.bytes32),
  askWeiPerGiB: schema.wei,
  stakeWei: schema.wei,
  unbondingWei: schema.wei,
  unbondingEndsAt: { type: 'integer', description: 'Unix seconds; 0 if nothing is being unbonded.' },
});

export function nodeView(node: NodeRecord, health: Health | undefined) {
  return {
    ...node,
    health: health ?? 'unknown',
    nid: node.nid ?? null,
    askWeiPerGiB: node.askWeiPerGiB.toString(),
    stakeWei: node.stakeWei.toString(),
    unbondingWei: node.unbondingWei.toString(),
  };
}

const allocationProperties = {
  node: schema.address,
  state: { type: 'string', enum: ['active', 'thawing', 'released'] },
  ratePerGiB: schema.wei,
  allocatedWei: schema.wei,
  balanceWei: schema.wei,
  lockedWei: { ...schema.wei, description: 'Taken out of the balance by an open sampled claim.' },
  paidWei: schema.wei,
  feeWei: schema.wei,
  releasedWei: schema.wei,
  throughEpoch: schema.epoch,
  thawEndEpoch: schema.epoch,
} as const;

const dealProperties = {
  dealId: schema.bytes32,
  publisher: schema.address,
  state: { type: 'string', enum: ['open', 'closing', 'closed'] },
  cid: { type: ['string', 'null'], description: 'Root CID, or null for a codec that names none.' },
  contentRoot: schema.bytes32,
  contentCodec: { type: 'integer' },
  serviceLevel: { type: 'integer' },
  grantKey: schema.address,
  collector: schema.address,
  freeWei: schema.wei,
  depositedWei: schema.wei,
  withdrawnWei: schema.wei,
} as const;

export const peerPoolSchema = schema.object({
  fundedWei: { ...schema.wei, description: 'Put in since the deal began, less what was released.' },
  claimedWei: schema.wei,
  postedWei: { ...schema.wei, description: 'Total of the root on chain.' },
  sequence: { type: 'integer', minimum: 0, description: 'Of the root on chain; 0 before the first.' },
  postedAt: { ...schema.seconds, description: 'When it was posted, Unix seconds.' },
  thawEndEpoch: { ...schema.epoch, description: 'First epoch of its release; 0 unless thawing.' },
});

export function peerPoolView(pool: PeerPoolRecord) {
  return {
    fundedWei: pool.fundedWei.toString(),
    claimedWei: pool.claimedWei.toString(),
    postedWei: pool.postedWei.toString(),
    sequence: pool.sequence,
    postedAt: pool.postedAtSeconds,
    thawEndEpoch: pool.thawEndEpoch,
  };
}

export const dealSchema = schema.object(dealProperties);
export const dealWithAllocationsSchema = schema.object({
  ...dealProperties,
  allocations: schema.list(schema.object(allocationProperties)),
  peerPool: { ...schema.nullable(peerPoolSchema), description: 'Null if the deal pays no peers.' },
  audienceKey: {
    ...schema.nullable(schema.address),
    description: 'Whose admission viewers need; null if the deal is open to everybody.',
  },
});

export function dealView(deal: DealRecord) {
  return {
    dealId: deal.dealId,
    publisher: deal.publisher,
    state: deal.state,
    cid: rootCidText(deal),
    contentRoot: deal.contentRoot,
    contentCodec: deal.contentCodec,
    serviceLevel: deal.serviceLevel,
    grantKey: deal.grantKey,
    collector: deal.collector,
    freeWei: deal.freeWei.toString(),
    depositedWei: deal.depositedWei.toString(),
    withdrawnWei: deal.withdrawnWei.toString(),
  };
}

export function dealWithAllocationsView(
  deal: DealRecord,
  terms: {
    readonly allocations: readonly AllocationRecord[];
    readonly pool: PeerPoolRecord | undefined;
    readonly audience: AudienceRecord | undefined;
  },
) {
  const { allocations, pool, audience } = terms;
  const peerPool = pool === undefined ? null : peerPoolView(pool);
  const isOpen = audience === undefined || audience.audienceKey === OPEN_AUDIENCE;
  const audienceKey = isOpen ? null : audience.audienceKey;
  return { ...dealView(deal), allocations: allocations.map(allocationView), peerPool, audienceKey };
}

function allocationView(allocation: AllocationRecord) {
  return {
    node: allocation.node,
    state: allocation.state,
    ratePerGiB: allocation.ratePerGiB.toString(),
    allocatedWei: allocation.allocatedWei.toString(),
    balanceWei: allocation.balanceWei.toString(),
    lockedWei: allocation.lockedWei.toString(),
    paidWei: allocation.paidWei.toString(),
    feeWei: allocation.feeWei.toString(),
    releasedWei: allocation.releasedWei.toString(),
    throughEpoch: allocation.throughEpoch,
    thawEndEpoch: allocation.thawEndEpoch,
  };
}

/** The chain does not interpret codecs, so a deal may name one that is no CID of ours. */
function rootCidText(deal: DealRecord): string | null {
  try {
    return cidOfContentRoot(deal.contentRoot, deal.contentCodec).toString();
  } catch (failure) {
    if (failure instanceof ProtocolError) return null;
    throw failure;
  }
}

const earningsProperties = {
  meteredWei: schema.wei,
  settledWei: schema.wei,
  paidWei: schema.wei,
  feeWei: { ...schema.wei, description: 'Protocol fee contained in what was paid.' },
  receivedWei: { ...schema.wei, description: 'Paid less the fee.' },
  unsettledWei: { ...schema.wei, description: 'Metered less settled.' },
  unpaidWei: { ...schema.wei, description: 'Settled less paid.' },
  lockedWei: { ...schema.wei, description: 'Part of that which an open sampled claim locks.' },
  lostWei: {
    ...schema.wei,
    description: 'Part of metered that no route can pay: the escrow is used up, or went back after its thaw.',
  },
  paidByRoute: {
    ...schema.object({ voucher: schema.wei, 'direct-claim': schema.wei, 'sampled-claim': schema.wei }),
    description: 'Adds up to what was paid.',
  },
} as const;

export const earningsSchema = schema.object(earningsProperties);
export const dealEarningsSchema = schema.object({
  dealId: schema.bytes32,
  bytes: schema.bytes,
  ratePerGiB: schema.wei,
  balanceWei: schema.wei,
  throughEpoch: schema.epoch,
  ...earningsProperties,
});

export function earningsView(earnings: Earnings) {
  const { meteredWei, settledWei, paidWei, feeWei, lockedWei, lostWei, paidByRoute } = earnings;
  return {
    meteredWei: meteredWei.toString(),
    settledWei: settledWei.toString(),
    paidWei: paidWei.toString(),
    feeWei: feeWei.toString(),
    receivedWei: (paidWei - feeWei).toString(),
    unsettledWei: (meteredWei - settledWei).toString(),
    unpaidWei: (settledWei - paidWei).toString(),
    lockedWei: lockedWei.toString(),
    lostWei: lostWei.toString(),
    paidByRoute: {
      voucher: paidByRoute.voucher.toString(),
      'direct-claim': paidByRoute.directClaim.toString(),
      'sampled-claim': paidByRoute.sampledClaim.toString(),
    },
  };
}

export function dealEarningsView(earnings: DealEarnings) {
  return {
    dealId: earnings.dealId,
    bytes: Number(earnings.bytes),
    ratePerGiB: earnings.ratePerGiB.toString(),
    balanceWei: earnings.balanceWei.toString(),
    throughEpoch: earnings.throughEpoch,
    ...earningsView(earnings),
  };
}
