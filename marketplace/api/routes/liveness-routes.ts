import type { FastifyInstance } from 'fastify';

import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const readinessSchema = schema.object({
  ready: { type: 'boolean' },
  reasons: {
    ...schema.list(
      schema.object({ code: { type: 'string' }, message: { type: 'string' }, remedy: { type: 'string' } }),
    ),
    description: 'Empty when ready.',
  },
  chain: schema.object({
    status: {
      type: 'string',
      enum: ['starting', 'catching-up', 'following', 'unreachable', 'refused', 'failing'],
    },
    since: { ...schema.seconds, description: 'Unix seconds at which this status began.' },
    headBlock: schema.nullable({ type: 'integer' }),
    indexedBlock: schema.nullable({ type: 'integer' }),
    blocksBehind: schema.nullable({ type: 'integer' }),
    rollbacks: { type: 'integer' },
  }),
});

/** Whether the process runs, whether it can do its work and why not, and what it measures. */
export function livenessRoutes(app: FastifyInstance, { chain, metrics }: ApiComponents): void {
  app.get(
    '/livez',
    {
      schema: {
        summary: 'The process answers.',
        response: schema.responses(schema.object({ live: { type: 'boolean' } })),
      },
    },
    async () => ({ live: true }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Whether the index follows the chain; 503 with reasons if not.',
        response: { 200: readinessSchema, 503: readinessSchema },
      },
    },
    async (_request, reply) => {
      const state = chain();
      const ready = state.status === 'following';
      const behind = `The index is ${state.blocksBehind ?? 'an unknown number of'} blocks behind the chain.`;
      const reason = state.failure ?? {
        code: 'NOT_INDEXED_YET',
        message: behind,
        remedy: 'Wait; indexing continues by itself.',
      };
      return reply.code(ready ? 200 : 503).send({
        ready,
        reasons: ready ? [] : [reason],
        chain: {
          status: state.status,
          since: state.sinceMs / 1000,
          headBlock: state.head?.number ?? null,
          indexedBlock: state.indexedBlock ?? null,
          blocksBehind: state.blocksBehind ?? null,
          rollbacks: state.rollbacks,
        },
      });
    },
  );

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.text()),
  );
}
