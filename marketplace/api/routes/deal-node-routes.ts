import type { FastifyInstance } from 'fastify';

import { parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { readAllocationsOfDeal } from '../../database/deal-records.ts';
import { readDeliveryAccounts } from '../../database/delivery-accounts.ts';
import { findNode } from '../../database/node-records.ts';
import { stateOf } from '../../statistics/network-map.ts';
import type { ApiComponents } from '../components.ts';
import { requireDeal } from '../lookups.ts';
import * as schema from '../schemas.ts';
import { dealView } from '../views.ts';

const nodesSchema = schema.object({
  nodes: schema.list(
    schema.object({
      node: schema.address,
      region: schema.nullable({ type: 'string' }),
      endpoints: schema.endpoints,
      state: {
        type: 'string',
        enum: ['ready', 'down', 'unknown', 'leaving'],
        description: 'As far as the coordinator knows; a node that is registered no more is leaving.',
      },
      allocationState: { type: 'string', enum: ['active', 'thawing', 'released'] },
      holdsContent: {
        type: 'string',
        enum: ['yes', 'no', 'unknown'],
        description: 'Whether it has the root block stored, in its own words.',
      },
      ratePerGiB: schema.wei,
      balanceWei: schema.wei,
      bytes: { ...schema.bytes, description: 'Receipted by viewers of the deal.' },
      lastReceiptAt: schema.nullable(schema.seconds),
    }),
  ),
});

/** The nodes of a deal, as its publisher wants to see them. */
export function dealNodeRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { database, health, contentPresence } = components;
  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/nodes',
    {
      schema: {
        summary: 'Nodes that a deal allocates tokens to, and whether they answer and hold its content.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(nodesSchema),
      },
    },
    async ({ params }) => {
      const deal = await requireDeal(database.read, parseDealId(params.dealId));
      const { cid } = dealView(deal);
      const accounts = new Map(
        (await readDeliveryAccounts(database.read, deal.dealId)).map((account) => [account.node, account]),
      );
      const allocations = await readAllocationsOfDeal(database.read, deal.dealId);
      const nodes = await Promise.all(
        allocations.map(async (allocation) => {
          const node = await findNode(database.read, allocation.node);
          const account = accounts.get(allocation.node);
          return {
            node: allocation.node,
            region: node?.region ?? null,
            endpoints: node?.endpoints ?? [],
            state: node === undefined ? 'leaving' : stateOf(node, health.lastKnown(node)),
            allocationState: allocation.state,
            holdsContent:
              node === undefined || cid === null ? 'unknown' : await contentPresence.holds(node, cid),
            ratePerGiB: allocation.ratePerGiB.toString(),
            balanceWei: allocation.balanceWei.toString(),
            bytes: Number(account?.bytes ?? 0n),
            lastReceiptAt: account === undefined ? null : account.lastAtMs / 1000,
          };
        }),
      );
      return { nodes };
    },
  );
}
