import type { FastifyInstance } from 'fastify';

import { epochEndsAt, epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { listBatches } from '../../database/receipt-batches.ts';
import { MarketplaceError } from '../../errors.ts';
import { readBatchPage, type BatchPage } from '../../explorer/batch-page.ts';
import type { ApiComponents } from '../components.ts';
import { requireIdentity } from '../lookups.ts';
import * as schema from '../schemas.ts';

const batchProperties = {
  dealId: schema.bytes32,
  node: schema.address,
  epoch: schema.epoch,
  startsAt: { type: 'integer', description: 'Unix seconds of the chain.' },
  endsAt: { type: 'integer' },
  receipts: { type: 'integer', minimum: 1 },
  bytes: schema.bytes,
} as const;

const batchPageSchema = schema.object({
  ...batchProperties,
  wei: {
    ...schema.wei,
    description: 'What it added to the earnings of its node; all batches of node and deal add up to metered.',
  },
  voucher: {
    ...schema.nullable(schema.object({ throughEpoch: schema.epoch, cumulativeWei: schema.wei })),
    description: 'The last voucher of node and deal; null if it does not settle this epoch.',
  },
  payingTransaction: {
    ...schema.nullable(
      schema.object({ hash: schema.bytes32, at: schema.seconds, route: { type: 'string' } }),
    ),
    description: 'What paid for the epoch on chain; null if nothing has.',
  },
});

/** Receipts by node, deal and epoch, and their way to the money. */
export function batchRoutes(app: FastifyInstance, { database }: ApiComponents): void {
  app.get<{ Querystring: schema.PageQuery & { deal?: string; node?: string } }>(
    '/v1/batches',
    {
      schema: {
        summary: 'Batches of receipts: one node, deal and epoch each, the latest first.',
        querystring: schema.query({ ...schema.pageQuery, deal: schema.bytes32, node: schema.address }),
        response: schema.responses(schema.pageOf('batches', schema.object(batchProperties))),
      },
    },
    async ({ query: { deal, node, offset, limit } }) => {
      const { epochSeconds } = await requireIdentity(database.read);
      if (deal === undefined && node === undefined) {
        throw new MarketplaceError('INVALID_REQUEST', 'Name a deal, a node or both.', {
          field: 'deal or node',
        });
      }
      const filter = {
        ...(deal !== undefined && { dealId: parseDealId(deal) }),
        ...(node !== undefined && { node: parseAddress(node) }),
      };
      const { total, rows } = await listBatches(database.read, filter, { offset, limit });
      return { total, offset, batches: rows.map((row) => ({ ...row, ...timesOf(row.epoch, epochSeconds) })) };
    },
  );

  app.get<{ Params: { dealId: string; node: string; epoch: number } }>(
    '/v1/batches/:dealId/:node/:epoch',
    {
      schema: {
        summary: 'The receipts of one node, deal and epoch: how many, what they are worth, what paid them.',
        params: schema.object({ dealId: schema.bytes32, node: schema.address, epoch: schema.epoch }),
        response: schema.responses(batchPageSchema),
      },
    },
    async ({ params }) => {
      const { epochSeconds } = await requireIdentity(database.read);
      const key = {
        dealId: parseDealId(params.dealId),
        node: parseAddress(params.node),
        epoch: params.epoch,
      };
      const batch = await readBatchPage(database.read, key);
      if (batch === undefined) {
        throw new MarketplaceError(
          'BATCH_NOT_FOUND',
          'There is no receipt of this node, deal and epoch.',
          key,
        );
      }
      return batchPageView(batch, epochSeconds);
    },
  );
}

function batchPageView({ wei, voucher, paidBy, ...batch }: BatchPage, epochSeconds: number) {
  return {
    ...batch,
    ...timesOf(batch.epoch, epochSeconds),
    wei: wei.toString(),
    voucher: voucher === undefined ? null : { ...voucher, cumulativeWei: voucher.cumulativeWei.toString() },
    payingTransaction:
      paidBy === undefined
        ? null
        : { hash: paidBy.transactionHash, at: paidBy.atSeconds, route: paidBy.name },
  };
}

function timesOf(epoch: number, epochSeconds: number) {
  const parsed = parseEpoch(epoch);
  return { startsAt: epochStartsAt(parsed, epochSeconds), endsAt: epochEndsAt(parsed, epochSeconds) };
}
