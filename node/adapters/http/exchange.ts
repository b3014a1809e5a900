import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { errorBody } from '../../../sdk/protocol/http.ts';
import { CROSS_ORIGIN_HEADERS } from './cross-origin.ts';
import type { AddressPayment } from '../../core/http-semantics/address-payment.ts';
import type { GatewayError } from './gateway-error.ts';

/** One request and its response, with what the routes need to know about them. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Without what pays. */
  readonly query: string;
  /** Grant and receipt, where they stood in the address. */
  readonly payment: AddressPayment | undefined;
  /** HEAD asks for everything but the body. */
  readonly headOnly: boolean;
  readonly startedMs: number;
  /** Address that the free allowance is counted for. */
  readonly client: string;
}

/**
 * Of what was paid by its address: no cache may keep an answer under the grant of one viewer, who would sign for bytes that
 * nobody served, and no page that comes so may hand its address on (../../core/delivery/SPEC.md, in the address).
 */
const PAID_ADDRESS_HEADERS = { 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' };

/** Begins the answer. Every head goes through here: any page may read it. */
export function writeHead(
  { response, payment }: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
): void {
  const last = payment === undefined ? undefined : PAID_ADDRESS_HEADERS;
  response.writeHead(status, { ...CROSS_ORIGIN_HEADERS, ...headers, ...last });
}

/** The same for a head whose names and values stand in turn, those that every answer has included. */
export function writeFlatHead({ response, payment }: Exchange, status: number, head: string[]): void {
  if (payment !== undefined) {
    for (const [name, value] of Object.entries(PAID_ADDRESS_HEADERS)) {
      const at = head.indexOf(name);
      if (at === -1) head.push(name, value);
      else head[at + 1] = value;
    }
  }
  response.writeHead(status, head);
}

/** What content is asked for, without what pays for it: the same for every viewer. */
export function addressOf({ request, path, query, payment }: Exchange): string {
  if (payment === undefined) return request.url ?? '';
  return query === '' ? path : `${path}?${query}`;
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
