import type { Socket } from 'node:net';

import { MarketplaceError, type MarketplaceErrorCode } from '../errors.ts';
import {
  CONNECTION_CHECK_INTERVAL_MS,
  HEADERS_TIMEOUT_MS,
  MAX_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
} from '../limits.ts';
import { bodyOf } from './error-reply.ts';

/** How long, and how many at a time, clients may hold connections. */
export interface ConnectionLimits {
  /** More are closed before they are read. */
  readonly maxConnections: number;
  /** Until the headers of a request have arrived. */
  readonly headersTimeoutMs: number;
  /** Until all of a request has arrived. */
  readonly requestTimeoutMs: number;
  /** Between two looks at who is late. */
  readonly checkIntervalMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: MAX_CONNECTIONS,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  checkIntervalMs: CONNECTION_CHECK_INTERVAL_MS,
};

/** What Node refuses before there is a request, in our codes; all else is not HTTP. */
const REFUSALS: Readonly<Record<string, { code: MarketplaceErrorCode; message: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'HEADERS_TOO_LARGE', message: 'The headers of the request are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'REQUEST_TOO_SLOW', message: 'The request did not arrive in time.' },
};

/** Answers what is no request by a named error, and closes the connection. */
export function refuseConnection(failure: Error & { readonly code?: string }, socket: Socket): void {
  if (failure.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, message } = REFUSALS[failure.code ?? ''] ?? {
    code: 'INVALID_REQUEST',
    message: 'What was sent is not an HTTP request.',
  };
  const refusal = new MarketplaceError(code, message);
  const body = JSON.stringify(bodyOf(refusal));
  socket.end(
    `HTTP/1.1 ${refusal.status} ${code}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
