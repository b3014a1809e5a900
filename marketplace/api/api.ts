import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';

import { MarketplaceError } from '../errors.ts';
import {
  ADDRESS_REQUEST_BURST,
  ADDRESS_REQUESTS_PER_SECOND,
  CALL_RATES,
  MAX_BODY_BYTES,
  MAX_PATH_PARAMETER_LENGTH,
} from '../limits.ts';
import { pageRoutes, seeksPage, sendPage } from '../web-pages/page-routes.ts';
import { playerRoutes } from '../web-pages/player-routes.ts';
import { callerNetworkOf } from './caller-network.ts';
import type { ApiComponents } from './components.ts';
import { CONNECTION_LIMITS, refuseConnection, type ConnectionLimits } from './connection-limits.ts';
import { bodyOf, replyWithError } from './error-reply.ts';
import { requireFiniteNumbers } from './finite-numbers.ts';
import { accessOf, type CallClass } from './route-access.ts';
import { RateLimit, type Rate } from './rate-limit.ts';
import { addResponseHeaders } from './response-headers.ts';
import { audienceRoutes } from './routes/audience-routes.ts';
import { deliveryRoutes } from './routes/deal-delivery-routes.ts';
import { moneyRoutes } from './routes/deal-money-routes.ts';
import { dealNodeRoutes } from './routes/deal-node-routes.ts';
import { contentRoutes, dealRoutes } from './routes/deal-routes.ts';
import { developmentRoutes } from './routes/development-routes.ts';
import { domainRoutes } from './routes/domain-routes.ts';
import { batchRoutes } from './routes/batch-routes.ts';
import { explorerRoutes } from './routes/explorer-routes.ts';
import { ledgerRoutes } from './routes/ledger-routes.ts';
import { livenessRoutes } from './routes/liveness-routes.ts';
import { networkRoutes } from './routes/network-routes.ts';
import { originRoutes } from './routes/origin-routes.ts';
import { quoteRoutes } from './routes/quote-routes.ts';
import { booksRoutes } from './routes/receipt-download-routes.ts';
import { peerRoutes } from './routes/peer-routes.ts';
import { keyRoutes, settlementRoutes } from './routes/settlement-routes.ts';
import { statisticsRoutes } from './routes/statistics-routes.ts';
import { viewerRoutes } from './routes/viewer-routes.ts';

export interface ApiOptions {
  /** Requests of one network address. @default 200 a second, 2000 at once */
  readonly addressRate?: Rate;
  /** Those of one class. @default CALL_RATES */
  readonly callRates?: Partial<Readonly<Record<CallClass, Rate>>>;
  /** @default CONNECTION_LIMITS */
  readonly connections?: ConnectionLimits;
  /** Proxies whose X-Forwarded-* headers say who asks. @default nobody is believed */
  readonly trustedProxies?: readonly string[];
}

/** The marketplace's HTTP interface, not yet listening. Its description is served at `/v1/openapi.json`. */
export async function createApi(
  components: ApiComponents,
  options: ApiOptions = {},
): Promise<FastifyInstance> {
  const limits = options.connections ?? CONNECTION_LIMITS;
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: limits.requestTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
    clientErrorHandler: refuseConnection,
    // Paths that cannot be decoded never get to a route or its error handler.
    frameworkErrors: replyWithError(components.logger),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_LENGTH },
    trustProxy: [...(options.trustedProxies ?? [])],
    // Unknown fields are refused rather than dropped: a misspelt option must not be ignored.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true, allowUnionTypes: true },
    },
  });
  app.server.maxConnections = limits.maxConnections;
  // What a form of another page can send, without asking first, is no JSON.
  app.removeContentTypeParser('text/plain');
  addResponseHeaders(app);
  requireFiniteNumbers(app);
  limitRates(app, components, options);
  app.addHook('onRoute', ({ method, url }) => requireListed([method].flat(), url));
  app.addHook('onResponse', async (request, reply) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
    };
    components.metrics.requests.observe(labels, reply.elapsedTime / 1000);
  });
  app.setErrorHandler(replyWithError(components.logger));
  app.setNotFoundHandler((request, reply) => {
    if (seeksPage(request)) return sendPage(reply.code(404));
    const refusal = new MarketplaceError('ROUTE_NOT_FOUND', 'There is no such route.', {
      method: request.method,
      path: request.url.slice(0, 256),
    });
    return reply.code(refusal.status).send(bodyOf(refusal));
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'bcdn marketplace',
        version: '1',
        description: 'Nodes, deals, quotes and earnings; grants for viewers and vouchers for nodes.',
      },
    },
  });
  for (const addRoutes of [
    networkRoutes,
    dealRoutes,
    deliveryRoutes,
    moneyRoutes,
    dealNodeRoutes,
    contentRoutes,
    quoteRoutes,
    audienceRoutes,
    originRoutes,
    viewerRoutes,
    keyRoutes,
    settlementRoutes,
    peerRoutes,
    domainRoutes,
    ledgerRoutes,
    booksRoutes,
    statisticsRoutes,
    explorerRoutes,
    batchRoutes,
    livenessRoutes,
    developmentRoutes,
  ]) {
    addRoutes(app, components);
  }
  await pageRoutes(app);
  await playerRoutes(app);
  app.get('/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  return app;
}

/** Bounds all requests of a network address, and those of each class by themselves. */
function limitRates(app: FastifyInstance, components: ApiComponents, options: ApiOptions): void {
  const all = { perSecond: ADDRESS_REQUESTS_PER_SECOND, burst: ADDRESS_REQUEST_BURST };
  const perAddress = new RateLimit(components, options.addressRate ?? all);
  const perClass = new Map(
    (Object.keys(CALL_RATES) as CallClass[]).map((name) => [
      name,
      new RateLimit(components, options.callRates?.[name] ?? CALL_RATES[name]),
    ]),
  );
  app.addHook('onRequest', async (request) => {
    const caller = callerNetworkOf(request.ip);
    perAddress.take(caller);
    const access = accessOf(request.method, request.routeOptions.url ?? '');
    if (access !== undefined) perClass.get(access.rate)?.take(caller);
  });
}

/** @throws MarketplaceError INTERNAL for a route of which route-access.ts does not say who may call it */
function requireListed(methods: readonly string[], url: string): void {
  for (const method of methods) {
    if (accessOf(method, url) !== undefined) continue;
    throw new MarketplaceError('INTERNAL', `Nobody has said who may call ${method} ${url}.`, { method, url });
  }
}
