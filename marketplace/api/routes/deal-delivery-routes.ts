import type { FastifyInstance } from 'fastify';

import { epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import { parseDealId, parseEpoch, type DealId } from '../../../sdk/protocol/identifiers.ts';
import type { Sql } from '../../database/database.ts';
import { readLatestDeliveries, readDeliveryAccounts } from '../../database/delivery-accounts.ts';
import { countViewers, readDeliveryEpochs } from '../../database/delivery-epochs.ts';
import { findNode } from '../../database/node-records.ts';
import { DEFAULT_DELIVERY_EPOCHS, MAX_DELIVERY_EPOCHS, MAX_LATEST_DELIVERIES } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import { requireDeal, requireIdentity } from '../lookups.ts';
import * as schema from '../schemas.ts';
import { SlowAnswers } from '../slow-answers.ts';

const count = { type: 'integer', minimum: 0 } as const;
const region = schema.nullable({ type: 'string' });
const deliverySchema = schema.object({
  totalBytes: { ...schema.bytes, description: 'Counted by all receipts of the deal.' },
  viewers: { ...count, description: 'Viewer keys that have signed one.' },
  nodes: schema.list(
    schema.object({
      node: schema.address,
      region: { ...region, description: 'Null for a node that is registered no more.' },
      role: schema.nullable({ type: 'string' }),
      bytes: schema.bytes,
      lastReceiptAt: { ...schema.seconds, description: 'When a receipt last counted more, Unix seconds.' },
    }),
  ),
  epochs: {
    ...schema.list(
      schema.object({
        epoch: schema.epoch,
        startsAt: { type: 'integer', description: 'Unix seconds of the chain.' },
        bytes: schema.bytes,
        viewers: count,
      }),
    ),
    description: 'The last epochs with receipts, the earliest first.',
  },
  latest: {
    ...schema.list(
      schema.object({
        at: { ...schema.seconds, description: 'Beginning of the minute, Unix seconds.' },
        node: schema.address,
        bytes: schema.bytes,
        region: { ...region, description: 'Of the viewers; null where they did not say.' },
      }),
    ),
    description: 'By minute, node and region of the viewers, the latest first.',
  },
});

/** What was delivered of a deal, by node, epoch and minute. */
export function deliveryRoutes(app: FastifyInstance, { database, clock }: ApiComponents): void {
  const answers = new SlowAnswers<object>({ clock });
  app.get<{ Params: { dealId: string }; Querystring: { epochs: number } }>(
    '/v1/deals/:dealId/delivery',
    {
      schema: {
        summary: 'What was delivered of a deal, as receipts count it.',
        params: schema.object({ dealId: schema.bytes32 }),
        querystring: schema.query({
          epochs: {
            type: 'integer',
            minimum: 1,
            maximum: MAX_DELIVERY_EPOCHS,
            default: DEFAULT_DELIVERY_EPOCHS,
          },
        }),
        response: schema.responses(deliverySchema),
      },
    },
    async ({ params, query: { epochs } }) => {
      const { dealId } = await requireDeal(database.read, parseDealId(params.dealId));
      return answers.answer(`${dealId} ${epochs}`, () => readDelivery(database.read, dealId, epochs));
    },
  );
}

async function readDelivery(sql: Sql, dealId: DealId, epochs: number) {
  const { epochSeconds } = await requireIdentity(sql);
  const accounts = await readDeliveryAccounts(sql, dealId);
  const nodes = await Promise.all(
    accounts.map(async ({ node, bytes, lastAtMs }) => {
      const record = await findNode(sql, node);
      const where = { region: record?.region ?? null, role: record?.role ?? null };
      return { node, ...where, bytes: Number(bytes), lastReceiptAt: lastAtMs / 1000 };
    }),
  );
  const latest = await readLatestDeliveries(sql, dealId, MAX_LATEST_DELIVERIES);
  const ended = await readDeliveryEpochs(sql, dealId, epochs);
  return {
    totalBytes: nodes.reduce((sum, { bytes }) => sum + bytes, 0),
    viewers: await countViewers(sql, dealId),
    nodes,
    epochs: ended.reverse().map((epoch) => ({
      ...epoch,
      startsAt: epochStartsAt(parseEpoch(epoch.epoch), epochSeconds),
    })),
    latest: latest.map(({ minuteSeconds, node, bytes, viewerRegion }) => ({
      ...{ at: minuteSeconds, node, bytes: Number(bytes) },
      region: viewerRegion === '' ? null : viewerRegion,
    })),
  };
}
