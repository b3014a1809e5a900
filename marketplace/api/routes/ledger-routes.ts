import type { FastifyInstance } from 'fastify';

import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { listReceipts } from '../../database/receipt-ledger.ts';
import { readOperatorEarnings } from '../../earnings/operator-earnings.ts';
import { DEFAULT_PAGE_ROWS, MAX_RECEIPT_ROWS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';
import {
  dealEarningsSchema,
  dealEarningsView,
  earningsSchema,
  earningsView,
  receiptSchema,
  receiptView,
} from '../views.ts';

const operatorEarningsSchema = schema.object({
  address: schema.address,
  total: { ...earningsSchema, description: 'Over all deals.' },
  dealCount: { type: 'integer', minimum: 0 },
  offset: { type: 'integer', minimum: 0 },
  deals: schema.list(dealEarningsSchema),
});

/** The books: receipts from which a bill can be recomputed, and what operators have earned. */
export function ledgerRoutes(app: FastifyInstance, { database }: ApiComponents): void {
  app.get<{ Querystring: schema.PageQuery & { dealId: string; node?: string } }>(
    '/v1/receipts',
    {
      schema: {
        summary: 'The best receipt of each grant of a deal, with both signatures.',
        querystring: schema.query(
          {
            ...schema.pageQuery,
            limit: { type: 'integer', minimum: 1, maximum: MAX_RECEIPT_ROWS, default: DEFAULT_PAGE_ROWS },
            dealId: schema.bytes32,
            node: schema.address,
          },
          ['dealId'],
        ),
        response: schema.responses(schema.pageOf('receipts', receiptSchema)),
      },
    },
    async ({ query: { dealId, node, offset, limit } }) => {
      const filter = { dealId: parseDealId(dealId), ...(node !== undefined && { node: parseAddress(node) }) };
      const { total, rows } = await listReceipts(database.read, filter, { offset, limit });
      return { total, offset, receipts: rows.map(receiptView) };
    },
  );

  // The first name is what nodes of before ask by.
  for (const path of ['/v1/earnings/:address', '/v1/operators/:address/earnings'])
    earningsRoute(app, path, database);
}

function earningsRoute(app: FastifyInstance, path: string, database: ApiComponents['database']): void {
  app.get<{ Params: { address: string }; Querystring: schema.PageQuery }>(
    path,
    {
      schema: {
        summary: 'What an operator has earned: metered, settled, paid.',
        params: schema.object({ address: schema.address }),
        querystring: schema.query(schema.pageQuery),
        response: schema.responses(operatorEarningsSchema),
      },
    },
    async ({ params, query: { offset, limit } }) => {
      const address = parseAddress(params.address);
      const earnings = await readOperatorEarnings(database.read, address, { offset, limit });
      return {
        address,
        total: earningsView(earnings.total),
        dealCount: earnings.dealCount,
        offset,
        deals: earnings.deals.map(dealEarningsView),
      };
    },
  );
}
