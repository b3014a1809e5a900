import type { FastifyInstance } from 'fastify';

import { epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import { parseDealId, parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import {
  readDealMoney,
  type AllocationMoney,
  type DealMoney,
  type PoolMoney,
} from '../../earnings/deal-money.ts';
import { OUTSTANDING_STEPS } from '../../earnings/outstanding.ts';
import type { ApiComponents } from '../components.ts';
import { requireDeal, requireIdentity } from '../lookups.ts';
import * as schema from '../schemas.ts';
import { peerPoolSchema, peerPoolView } from '../views.ts';

const allocationMoneySchema = schema.object({
  node: schema.address,
  state: { type: 'string', enum: ['active', 'thawing', 'released'] },
  allocatedWei: { ...schema.wei, description: 'Is paid + balance + locked + released.' },
  meteredWei: { ...schema.wei, description: 'Price of what viewers receipted.' },
  vouchedWei: {
    ...schema.wei,
    description: 'Part of it that vouchers were signed for, or the chain has paid.',
  },
  paidWei: { ...schema.wei, description: 'Left the allocation, fee included.' },
  feeWei: { ...schema.wei, description: 'Protocol fee contained in it.' },
  balanceWei: schema.wei,
  lockedWei: { ...schema.wei, description: 'Taken out of the balance by an open sampled claim.' },
  releasedWei: schema.wei,
  lostWei: {
    ...schema.wei,
    description: 'Part of metered that no route can pay: the escrow is used up, or went back after its thaw.',
  },
  outstanding: {
    ...schema.nullable({ type: 'string', enum: [...OUTSTANDING_STEPS, null] }),
    description:
      'What the node has still to do to be paid: decide its claim, redeem, or hand in receipts. While it is not null, releasing the allocation costs the node what it delivered.',
  },
});
const poolMoneySchema = schema.object({
  ...peerPoolSchema.properties,
  meteredWei: { ...schema.wei, description: 'Price of what viewers receipted to peers.' },
  vouchedWei: { ...schema.wei, description: 'Part of it that a root on chain promises or has paid.' },
  remainingWei: { ...schema.wei, description: 'Funded less claimed.' },
});
const moneySchema = schema.object({
  depositedWei: { ...schema.wei, description: 'Is withdrawn + paid + remaining of totals.' },
  freeWei: schema.wei,
  withdrawnWei: schema.wei,
  allocations: schema.list(allocationMoneySchema),
  peerPool: schema.nullable(poolMoneySchema),
  totals: {
    ...schema.object({
      meteredWei: schema.wei,
      vouchedWei: schema.wei,
      paidWei: schema.wei,
      feeWei: schema.wei,
      lostWei: schema.wei,
      remainingWei: { ...schema.wei, description: 'Free, unpaid, locked, and in the pool.' },
    }),
    description: 'Sums over the allocations and the peer pool.',
  },
  runwaySeconds: {
    ...schema.nullable({ type: 'integer' }),
    description: 'How long what remains lasts at the burn; null if nothing was delivered in the last hour.',
  },
  burnWeiPerHour: { ...schema.wei, description: 'Cost of an hour like the last one.' },
  refund: schema.object({
    availableWei: { ...schema.wei, description: 'Can be withdrawn now.' },
    thawingWei: schema.wei,
    availableAt: {
      ...schema.nullable({ type: 'integer' }),
      description: 'When all that thaws can be released, Unix seconds of the chain; null if nothing thaws.',
    },
  }),
});

/** Where the money of a deal is. */
export function moneyRoutes(app: FastifyInstance, { database, clock }: ApiComponents): void {
  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/money',
    {
      schema: {
        summary: 'Where the money of a deal is; every sum adds up to the last unit.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(moneySchema),
      },
    },
    async ({ params }) => {
      const deal = await requireDeal(database.read, parseDealId(params.dealId));
      const { epochSeconds } = await requireIdentity(database.read);
      const money = await readDealMoney(database.read, deal, Math.floor(clock.nowMs() / 1000));
      return moneyView(money, epochSeconds);
    },
  );
}

function moneyView(money: DealMoney, epochSeconds: number) {
  const { deal, allocations, peerPool, totals, refund } = money;
  const { availableFromEpoch } = refund;
  return {
    depositedWei: deal.depositedWei.toString(),
    freeWei: deal.freeWei.toString(),
    withdrawnWei: deal.withdrawnWei.toString(),
    allocations: allocations.map(allocationMoneyView),
    peerPool: peerPool === undefined ? null : poolMoneyView(peerPool),
    totals: {
      meteredWei: totals.meteredWei.toString(),
      vouchedWei: totals.vouchedWei.toString(),
      paidWei: totals.paidWei.toString(),
      feeWei: totals.feeWei.toString(),
      lostWei: totals.lostWei.toString(),
      remainingWei: totals.remainingWei.toString(),
    },
    runwaySeconds: money.runwaySeconds ?? null,
    burnWeiPerHour: money.burnWeiPerHour.toString(),
    refund: {
      availableWei: refund.availableWei.toString(),
      thawingWei: refund.thawingWei.toString(),
      availableAt:
        availableFromEpoch === undefined ? null : epochStartsAt(parseEpoch(availableFromEpoch), epochSeconds),
    },
  };
}

function allocationMoneyView({ allocation, earnings, outstanding }: AllocationMoney) {
  return {
    node: allocation.node,
    state: allocation.state,
    allocatedWei: allocation.allocatedWei.toString(),
    meteredWei: earnings.meteredWei.toString(),
    vouchedWei: earnings.settledWei.toString(),
    paidWei: earnings.paidWei.toString(),
    feeWei: earnings.feeWei.toString(),
    balanceWei: allocation.balanceWei.toString(),
    lockedWei: allocation.lockedWei.toString(),
    releasedWei: allocation.releasedWei.toString(),
    lostWei: earnings.lostWei.toString(),
    outstanding: outstanding ?? null,
  };
}

function poolMoneyView({ pool, meteredWei, vouchedWei, remainingWei }: PoolMoney) {
  return {
    ...peerPoolView(pool),
    meteredWei: meteredWei.toString(),
    vouchedWei: vouchedWei.toString(),
    remainingWei: remainingWei.toString(),
  };
}
