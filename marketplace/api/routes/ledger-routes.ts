import type { FastifyInstance } from 'fastify';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { readOperatorEarnings } from '../../earnings/operator-earnings.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';
import { dealEarningsSchema, dealEarningsView, earningsSchema, earningsView } from '../views.ts';

const operatorEarningsSchema = schema.object({
  address: schema.address,
  total: { ...earningsSchema, description: 'Over all deals.' },
  dealCount: { type: 'integer', minimum: 0 },
  offset: { type: 'integer', minimum: 0 },
  deals: schema.list(dealEarningsSchema),
});

/** What operators have earned. */
export function ledgerRoutes(app: FastifyInstance, { database }: ApiComponents): void {
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
