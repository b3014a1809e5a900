import type { FastifyInstance } from 'fastify';

import { MarketplaceError } from '../errors.ts';

/** Levels of objects and lists in which bodies of our routes have numbers. */
const MAX_DEPTH = 4;

/**
 * Refuses numbers beyond all numbers. The validator makes "1e400" and "Infinity" of a query, or of a body's text, a number that
 * no minimum and no maximum holds for, and databases and dates stumble over it.
 */
export function requireFiniteNumbers(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ query, body }) => {
    requireFinite(query, { part: 'querystring', depth: 0 });
    requireFinite(body, { part: 'body', depth: 0 });
  });
}

function requireFinite(value: unknown, at: { readonly part: string; readonly depth: number }): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new MarketplaceError('INVALID_REQUEST', `The ${at.part} has a number that is not finite.`, {
      ...{ part: at.part, rule: 'finite' },
    });
  }
  if (typeof value !== 'object' || value === null || at.depth >= MAX_DEPTH) return;
  for (const inner of Object.values(value)) requireFinite(inner, { ...at, depth: at.depth + 1 });
}
