import type { FastifyInstance } from 'fastify';

import { contentRootOf, parseCid } from '../../../sdk/protocol/content.ts';
import { dealIdOf } from '../../../sdk/chain/deals.ts';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import {
  parseAddress,
  parseBytes32,
  parseContentRoot,
  parseDealId,
  type DealId,
} from '../../../sdk/protocol/identifiers.ts';
import { findAudience } from '../../database/audience-ledger.ts';
import type { Sql } from '../../database/database.ts';
import {
  listDeals,
  readAllocationsOfDeal,
  readDealsOfContent,
  type DealRecord,
} from '../../database/deal-records.ts';
import { findNode } from '../../database/node-records.ts';
import { findPeerPool } from '../../database/peer-pools.ts';
import { MarketplaceError } from '../../errors.ts';
import { MAX_CANDIDATE_DEALS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import { requireDeal } from '../lookups.ts';
import * as schema from '../schemas.ts';
import {
  dealSchema,
  dealView,
  dealWithAllocationsSchema,
  dealWithAllocationsView,
  nodeSchema,
  nodeView,
} from '../views.ts';

const contentSchema = schema.object({
  cid: { type: 'string' },
  contentRoot: schema.bytes32,
  deals: schema.list(dealWithAllocationsSchema),
  nodes: {
    ...schema.list(nodeSchema),
    description: 'Nodes with an allocation in an open deal of the content.',
  },
});

interface DealsQuery extends schema.PageQuery {
  readonly publisher?: string;
  readonly node?: string;
  readonly state?: string;
  readonly contentRoot?: string;
  readonly salt?: string;
}

/** Deals with their allocations. */
export function dealRoutes(app: FastifyInstance, { database, deployment }: ApiComponents): void {
  app.get<{ Querystring: DealsQuery }>(
    '/v1/deals',
    {
      schema: {
        summary: 'Deals, newest first.',
        querystring: schema.query({
          ...schema.pageQuery,
          publisher: schema.address,
          node: schema.address,
          state: { type: 'string', enum: ['open', 'closing', 'closed'] },
          contentRoot: schema.bytes32,
          salt: {
            ...schema.bytes32,
            description: 'With the publisher: the one deal that it opened with this salt, to resume it.',
          },
        }),
        response: schema.responses(schema.pageOf('deals', dealSchema)),
      },
    },
    async ({ query: { offset, limit, publisher, node, state, contentRoot, salt } }) => {
      const filter = {
        ...(contentRoot !== undefined && { contentRoot: parseContentRoot(contentRoot) }),
        ...(salt !== undefined && { dealId: saltedDeal(deployment, publisher, salt) }),
        ...(publisher !== undefined && { publisher: parseAddress(publisher) }),
        ...(node !== undefined && { node: parseAddress(node) }),
        ...(state !== undefined && { state }),
      };
      const { total, rows } = await listDeals(database.read, filter, { offset, limit });
      return { total, offset, deals: rows.map(dealView) };
    },
  );

  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId',
    {
      schema: {
        summary: 'One deal with its allocations.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(dealWithAllocationsSchema),
      },
    },
    async ({ params }) => {
      return withAllocations(database.read, await requireDeal(database.read, parseDealId(params.dealId)));
    },
  );
}

/** The deal that a publisher opened, or would open, with a salt. @throws MarketplaceError INVALID_REQUEST */
function saltedDeal(deployment: Deployment, publisher: string | undefined, salt: string): DealId {
  if (publisher !== undefined) {
    return dealIdOf(deployment, parseAddress(publisher), parseBytes32(salt, 'salt'));
  }
  throw new MarketplaceError('INVALID_REQUEST', 'A salt belongs to a publisher: name it too.', {
    field: 'publisher',
  });
}

/** Which deals pay for a content, and which nodes serve it. */
export function contentRoutes(app: FastifyInstance, { database, health }: ApiComponents): void {
  app.get<{ Params: { cid: string } }>(
    '/v1/content/:cid',
    {
      schema: {
        summary: 'Deals and nodes of a content.',
        params: schema.object({ cid: schema.cid }),
        response: schema.responses(contentSchema),
      },
    },
    async ({ params }) => {
      const cid = parseCid(params.cid);
      const root = contentRootOf(cid);
      const found = await readDealsOfContent(database.read, { root, codec: cid.code }, MAX_CANDIDATE_DEALS);
      if (found.length === 0) {
        throw new MarketplaceError('CONTENT_NOT_FOUND', 'No deal pays for this content.', {
          cid: cid.toString(),
        });
      }
      const deals = await Promise.all(found.map((deal) => withAllocations(database.read, deal)));
      const allocated = deals
        .filter(({ state }) => state === 'open')
        .flatMap(({ allocations }) => allocations.filter(({ state }) => state === 'active'));
      const nodes = await Promise.all(
        [...new Set(allocated.map(({ node }) => node))].map((node) => findNode(database.read, node)),
      );
      return {
        cid: cid.toString(),
        contentRoot: root,
        deals,
        nodes: nodes.flatMap((node) => (node === undefined ? [] : [nodeView(node, health.lastKnown(node))])),
      };
    },
  );
}

async function withAllocations(sql: Sql, deal: DealRecord) {
  const { dealId } = deal;
  return dealWithAllocationsView(deal, {
    allocations: await readAllocationsOfDeal(sql, dealId),
    pool: await findPeerPool(sql, dealId),
    audience: await findAudience(sql, dealId),
  });
}
