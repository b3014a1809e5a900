import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { errorBody } from '../../../sdk/protocol/http.ts';
import { splitPayment } from '../../core/http-semantics/address-payment.ts';
import { MAX_TARGET_LENGTH } from '../../core/http-semantics/http-limits.ts';
import { errorCode } from '../disk/disk-error.ts';
import { preflightHeaders } from './cross-origin.ts';
import { sendError, writeHead, type Exchange } from './exchange.ts';
import type { GatewayComponents, GatewayOptions, ServingComponents } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  DEFAULT_MAX_CONNECTIONS,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_HEADER_BYTES,
} from './gateway-limits.ts';
import { listen } from './listening.ts';
import { parseTarget } from './request-parsing.ts';
import { RequestTurns } from './request-turns.ts';
import { Routes, type Route, type RouteTable } from './routes.ts';

/** A running HTTP gateway. */
export interface Gateway {
  /** Listens. @throws GatewayStartError HTTP_PORT_IN_USE, HTTP_LISTEN_FAILED */
  start(): Promise<{ host: string; port: number }>;
  /** Takes no more connections, lets transfers end for `drainMs`, then cuts them off. */
  stop(drainMs?: number): Promise<void>;
}

/**
 * The edge's HTTP data plane on bare node:http (DELIVERY.md, two planes): content for grants or for free,
 * receipts, uploads, content routing, health.
 */
export function createGateway(components: GatewayComponents, options: GatewayOptions = {}): Gateway {
  return new HttpGateway(components, options, new Routes(components, options));
}

/** Speaks HTTP on connections: those that it accepts itself, or those that it is handed. */
export class HttpGateway implements Gateway {
  readonly #components: Pick<ServingComponents, 'metrics' | 'clock' | 'log'>;
  readonly #options: GatewayOptions;
  readonly #routes: RouteTable;
  readonly #turns = new RequestTurns();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #onEmpty = (): void => undefined;

  constructor(
    components: Pick<ServingComponents, 'metrics' | 'clock' | 'log'>,
    options: GatewayOptions,
    routes: RouteTable,
  ) {
    this.#components = components;
    this.#options = options;
    this.#routes = routes;
  }

  async start(): Promise<{ host: string; port: number }> {
    const { host = '127.0.0.1', port = 0, socketPath } = this.#options;
    const server = this.#prepare();
    if (socketPath !== undefined) {
      await listen(server, { path: socketPath }, { host: socketPath, port: 0 });
      await chmod(socketPath, 0o600);
      return { host: socketPath, port: 0 };
    }
    await listen(server, { host, port }, { host, port });
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Takes a connection that another process accepted. @returns when it has ended */
  async attend(socket: Socket): Promise<void> {
    this.#server ??= this.#beginUnheard();
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.#server.emit('connection', socket);
    await ended;
  }

  /** Open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  #beginUnheard(): Server {
    const server = this.#prepare();
    // Node begins to look for slow headers when a server listens, which this one never does.
    server.emit('listening');
    return server;
  }

  #prepare(): Server {
    const { maxConnections = DEFAULT_MAX_CONNECTIONS } = this.#options;
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Uploads may take hours: silence is what ends them (request-body.ts).
      requestTimeout: 0,
      noDelay: true,
    });
    server.maxConnections = maxConnections;
    server.on('request', this.#onRequest);
    server.on('checkContinue', this.#onRequest);
    server.on('clientError', (error, socket) => {
      if (this.#turns.isAnswering(socket)) socket.destroy();
      else refuseBrokenRequest(error, socket);
    });
    server.on('connection', this.#onConnection);
    this.#server = server;
    return server;
  }

  async stop(drainMs = 5_000): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#routes.draining = true;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
    });
    server.closeIdleConnections();
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, drainMs);
    await Promise.all([closed, empty]);
    clearTimeout(cutOff);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // A body that no route reads would keep the connection busy for as long as its sender likes.
    // Behind a wish for another protocol, Node drops what came in one piece with it: nobody is to wait for that.
    const isLast = hasUnwantedBody(request) || request.headers.upgrade !== undefined;
    if (isLast || this.#routes.draining) response.shouldKeepAlive = false;
    this.#turns.take(request.socket, response, () => this.#begin(request, response));
  };

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const target = parseTarget(request.url ?? '/');
    const { query, payment } = splitPayment(target.query);
    const exchange: Exchange = {
      request,
      response,
      path: target.path,
      query,
      payment,
      headOnly: request.method === 'HEAD',
      startedMs: this.#components.clock.nowMs(),
      client: request.socket.remoteAddress ?? '',
    };
    void this.#answer(exchange);
  }

  readonly #onConnection = (socket: Socket): void => {
    const { metrics } = this.#components;
    this.#sockets.add(socket);
    metrics.connections(this.#sockets.size);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      metrics.connections(this.#sockets.size);
      if (this.#sockets.size === 0) this.#onEmpty();
    });
  };

  /** Never rejects: what goes wrong is answered, counted and, if nobody foresaw it, logged. */
  async #answer(exchange: Exchange): Promise<void> {
    const { metrics, clock } = this.#components;
    const { response, request } = exchange;
    let name: string | undefined = 'unknown';
    try {
      requireTargetLength(request);
      const route = this.#routes.find(exchange.path);
      name = route.forwarded === true ? undefined : route.name;
      if (request.method === 'OPTIONS' && route.forwarded !== true) {
        writeHead(exchange, 204, preflightHeaders(route.methods));
        response.end();
      } else {
        if (route.forwarded !== true) requireMethod(request, route);
        await route.run(exchange);
      }
    } catch (error) {
      if (!response.destroyed) sendError(exchange, this.#asAnswer(error, exchange));
    }
    // A kept connection would hold up the end of the node.
    if (this.#routes.draining) request.socket.end();
    if (name === undefined) return;
    metrics.request(name, response.statusCode, (clock.nowMs() - exchange.startedMs) / 1000);
  }

  #asAnswer(error: unknown, exchange: Exchange): GatewayError {
    const known = asGatewayError(error);
    if (known !== undefined && known.status < 500) return known;
    this.#components.log.error(
      { method: exchange.request.method, path: exchange.path, code: known?.code, error },
      'a request failed',
    );
    return (
      known ??
      new GatewayError(500, 'INTERNAL', {
        message: 'The node made a mistake.',
        remedy: 'Ask another node; the operator finds the reason in the log.',
        cause: error,
      })
    );
  }
}

/** A body of a request that has none by its method. */
function hasUnwantedBody({ method, headers }: IncomingMessage): boolean {
  if (method === 'POST' || method === 'PUT') return false;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function requireTargetLength({ url = '' }: IncomingMessage): void {
  if (url.length <= MAX_TARGET_LENGTH) return;
  throw new GatewayError(414, 'TARGET_TOO_LONG', {
    message: 'The address is too long.',
    values: { length: url.length, maxLength: MAX_TARGET_LENGTH },
    remedy: 'Shorten the path or the query.',
  });
}

function requireMethod(request: IncomingMessage, route: Route): void {
  const method = request.method ?? '';
  if (route.methods.includes(method)) return;
  throw new GatewayError(405, 'METHOD_NOT_ALLOWED', {
    message: `${method} is not possible here.`,
    values: { method },
    remedy: `Use ${route.methods.join(' or ')}.`,
    headers: { allow: [...route.methods, 'OPTIONS'].join(', ') },
  });
}

/** Answers what could not even be parsed as a request, then ends the connection. */
function refuseBrokenRequest(error: Error, socket: Duplex): void {
  if (!socket.writable || errorCode(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, reason, code, message } = brokenRequest(errorCode(error));
  const body = `${JSON.stringify(
    errorBody({ code, message, values: {}, remedy: 'Send a request by HTTP/1.1 within the limits.' }),
  )}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function brokenRequest(code: string): { status: number; reason: string; code: string; message: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        reason: 'Request Header Fields Too Large',
        code: 'HEADERS_TOO_LARGE',
        message: `Headers may take ${MAX_HEADER_BYTES} bytes.`,
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        reason: 'Request Timeout',
        code: 'REQUEST_TIMEOUT',
        message: 'The headers did not arrive in time.',
      };
    default:
      return {
        status: 400,
        reason: 'Bad Request',
        code: 'REQUEST_INVALID',
        message: 'This is not an HTTP request.',
      };
  }
}
