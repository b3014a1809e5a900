import type { FastifyInstance } from 'fastify';

import { parseAddress, parseBytes32, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { listEvents, readEventsOfTransaction, type EventRecord } from '../../database/event-records.ts';
import { MarketplaceError } from '../../errors.ts';
import { search } from '../../explorer/search.ts';
import { MAX_SEARCH_LENGTH, MAX_TRANSACTION_EVENTS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const eventProperties = {
  contract: { type: 'string', enum: ['registry', 'market'] },
  name: { type: 'string' },
  arguments: {
    type: 'object',
    additionalProperties: { anyOf: [{ type: 'string' }, schema.list({ type: 'string' })] },
    description: 'By name; integers decimal.',
  },
  logIndex: { type: 'integer' },
} as const;

const transactionSchema = schema.object({
  hash: schema.bytes32,
  blockNumber: { type: 'integer' },
  at: { ...schema.seconds, description: 'Time of its block, Unix seconds.' },
  events: schema.list(schema.object(eventProperties)),
});

const eventSchema = schema.object({
  ...eventProperties,
  transactionHash: schema.bytes32,
  blockNumber: { type: 'integer' },
  at: schema.seconds,
});

interface EventsQuery extends schema.PageQuery {
  readonly deal?: string;
  readonly node?: string;
  readonly transaction?: string;
}

const resultsSchema = schema.object({
  results: schema.list(
    schema.object({
      kind: { type: 'string', enum: ['node', 'deal', 'transaction', 'content', 'batch'] },
      id: { type: 'string' },
      path: { type: 'string', description: 'Page of the explorer.' },
    }),
  ),
});

/** Every event and transaction of our contracts, and what an identifier means. */
export function explorerRoutes(app: FastifyInstance, { database }: ApiComponents): void {
  app.get<{ Params: { hash: string } }>(
    '/v1/transactions/:hash',
    {
      schema: {
        summary: 'What a transaction did to our contracts.',
        params: schema.object({ hash: schema.bytes32 }),
        response: schema.responses(transactionSchema),
      },
    },
    async ({ params }) => {
      const hash = parseBytes32(params.hash, 'transaction hash');
      const events = await readEventsOfTransaction(database.read, hash, MAX_TRANSACTION_EVENTS);
      const [first] = events;
      if (first === undefined) {
        throw new MarketplaceError('TRANSACTION_NOT_FOUND', 'The index has no event of this transaction.', {
          hash,
        });
      }
      return { hash, blockNumber: first.blockNumber, at: first.atSeconds, events: events.map(ownView) };
    },
  );

  app.get<{ Querystring: EventsQuery }>(
    '/v1/events',
    {
      schema: {
        summary: 'Events of our contracts, newest first.',
        querystring: schema.query({
          ...schema.pageQuery,
          deal: schema.bytes32,
          node: schema.address,
          transaction: schema.bytes32,
        }),
        response: schema.responses(schema.pageOf('events', eventSchema)),
      },
    },
    async ({ query: { deal, node, transaction, offset, limit } }) => {
      const filter = {
        ...(deal !== undefined && { dealId: parseDealId(deal) }),
        ...(node !== undefined && { node: parseAddress(node) }),
        ...(transaction !== undefined && { transaction: parseBytes32(transaction, 'transaction hash') }),
      };
      const { total, rows } = await listEvents(database.read, filter, { offset, limit });
      const events = rows.map((event) => ({
        ...ownView(event),
        transactionHash: event.transactionHash,
        blockNumber: event.blockNumber,
        at: event.atSeconds,
      }));
      return { total, offset, events };
    },
  );

  app.get<{ Querystring: { q: string } }>(
    '/v1/search',
    {
      schema: {
        summary: 'What an identifier means, whole or its beginning: node, deal, transaction, content, batch.',
        querystring: schema.query({ q: { type: 'string', minLength: 1, maxLength: MAX_SEARCH_LENGTH } }, [
          'q',
        ]),
        response: schema.responses(resultsSchema),
      },
    },
    async ({ query: { q } }) => ({ results: await search(database.read, q) }),
  );
}

function ownView({ contract, name, arguments: args, logIndex }: EventRecord) {
  return { contract, name, arguments: args, logIndex };
}
