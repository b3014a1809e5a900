import type { FastifyInstance } from 'fastify';

/** Calls that pages of any origin may make: reading, and what a viewer does. None carries credentials. */
const VIEWER_CALLS = new Set(['/v1/viewers/challenge', '/v1/grants', '/v1/receipts', '/v1/quotes']);

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
  'cache-control': 'no-store',
} as const;

/** A year, for this name only: what else lives under the domain is not ours to decide. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Seconds for which a browser may remember the answer to a preflight. */
const PREFLIGHT_SECONDS = '600';

/** Adds security headers to every answer and CORS headers to those that pages of other origins may read. */
export function addResponseHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
    // Behind a proxy that is trusted to say so; over plain HTTP browsers ignore it, and must.
    if (request.protocol === 'https') reply.header('strict-transport-security', STRICT_TRANSPORT);
    const path = request.url.split('?')[0] ?? '';
    const isOpen = request.method === 'GET' || request.method === 'HEAD' || VIEWER_CALLS.has(path);
    const asked = request.headers['access-control-request-method'];
    const isOpenPreflight = request.method === 'OPTIONS' && (asked === 'GET' || VIEWER_CALLS.has(path));
    if (isOpen || isOpenPreflight) {
      reply.headers({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after, x-request-id',
      });
    }
    if (isOpenPreflight) {
      reply.headers({
        'access-control-allow-methods': 'GET, HEAD, POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': PREFLIGHT_SECONDS,
      });
      return reply.code(204).send();
    }
    return undefined;
  });
}
