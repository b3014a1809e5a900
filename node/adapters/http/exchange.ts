import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { errorBody } from '../../../sdk/protocol/http.ts';
import { CROSS_ORIGIN_HEADERS } from './cross-origin.ts';
import type { GatewayError } from './gateway-error.ts';

/** One request and its response, with what the routes need to know about them. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: string;
  /** HEAD asks for everything but the body. */
  readonly headOnly: boolean;
  readonly startedMs: number;
  /** Address that the free allowance is counted for. */
  readonly client: string;
}

/** Begins the answer. Every head goes through here: any page may read it. */
export function writeHead({ response }: Exchange, status: number, headers: OutgoingHttpHeaders): void {
  response.writeHead(status, { ...CROSS_ORIGIN_HEADERS, ...headers });
}

/** The same for a head whose names and values stand in turn, those that every answer has included. */
export function writeFlatHead({ response }: Exchange, status: number, head: string[]): void {
  response.writeHead(status, head);
}

const JSON_TYPE = 'application/json; charset=utf-8';

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  sendText(exchange, { status, contentType: JSON_TYPE, body: `${JSON.stringify(value)}\n` });
}

export function sendText(
  exchange: Exchange,
  answer: { status: number; contentType: string; body: string },
): void {
  const bytes = Buffer.from(answer.body);
  writeHead(exchange, answer.status, {
    'content-type': answer.contentType,
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  exchange.response.end(exchange.headOnly ? undefined : bytes);
}

/** Answers with an error body, or ends the connection when the answer had already begun. */
export function sendError(exchange: Exchange, error: GatewayError): void {
  const { request, response, headOnly } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify(errorBody(error))}\n`);
  // A body that nobody will read must not be taken for the next request.
  const unread = !request.complete && request.method !== 'GET' && request.method !== 'HEAD';
  writeHead(exchange, error.status, {
    ...error.headers,
    'content-type': JSON_TYPE,
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(unread ? { connection: 'close' } : {}),
  });
  response.end(headOnly ? undefined : body);
}
