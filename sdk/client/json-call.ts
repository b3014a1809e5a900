import type { z } from 'zod';

import { ClientError } from './client-error.ts';
import { CALL_RETRY_DELAY_MS, CALL_TIMEOUT_MS, MAX_CALL_ATTEMPTS, MAX_JSON_BYTES } from './client-limits.ts';
import type { Clock } from '../pacing/clock.ts';
import type { HttpAnswer, HttpExchange } from './http-exchange.ts';

/** What a JSON call needs of its surroundings. */
export interface CallComponents {
  readonly http: HttpExchange;
  readonly clock: Clock;
}

/** One call of a JSON interface. */
export interface JsonCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Whether the call may be sent again after a transport failure or a 5xx. @default true for GET */
  readonly repeatable?: boolean;
}

/** A refusal as every bcdn interface words it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number | boolean>>;
  readonly remedy: string;
}

/**
 * Calls, retries what may be repeated, and checks the answer against its schema.
 * @throws ClientError UNREACHABLE, STALLED, ANSWER_INVALID, MARKETPLACE_REFUSED (values: status and refusal code)
 */
export async function callJson<T extends z.ZodTypeAny>(
  components: CallComponents,
  call: JsonCall,
  schema: T,
): Promise<z.output<T>> {
  const repeatable = call.repeatable ?? call.method === 'GET';
  for (let attempt = 1; ; attempt++) {
    const last = !repeatable || attempt >= MAX_CALL_ATTEMPTS;
    try {
      const answer = await send(components.http, call);
      if (answer.status < 500 || last) return decoded(call, answer, schema);
    } catch (error) {
      const passing =
        error instanceof ClientError && (error.code === 'UNREACHABLE' || error.code === 'STALLED');
      if (last || !passing) throw error;
    }
    await components.clock.sleep(CALL_RETRY_DELAY_MS * 2 ** (attempt - 1), call.signal);
  }
}

async function send(http: HttpExchange, call: JsonCall): Promise<HttpAnswer> {
  return http.request({
    method: call.method,
    url: call.url,
    headers: {
      accept: 'application/json',
      ...(call.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    maxBytes: MAX_JSON_BYTES,
    stallTimeoutMs: call.timeoutMs ?? CALL_TIMEOUT_MS,
    signal: call.signal,
  });
}

function decoded<T extends z.ZodTypeAny>(call: JsonCall, answer: HttpAnswer, schema: T): z.output<T> {
  if (answer.status >= 400) throw refusalError(call.url, refusalOf(answer));
  return decodeJson(call.url, answer, schema);
}

/** The body of an answer, checked against its schema. @throws ClientError ANSWER_INVALID */
export function decodeJson<T extends z.ZodTypeAny>(url: string, answer: HttpAnswer, schema: T): z.output<T> {
  const parsed = schema.safeParse(parseJson(answer.body));
  if (parsed.success) return parsed.data as z.output<T>;
  const [issue] = parsed.error.issues;
  throw new ClientError('ANSWER_INVALID', `${url} gave an answer of an unexpected form.`, {
    values: { url, status: answer.status, field: issue?.path.join('.') ?? '', reason: issue?.message ?? '' },
    remedy: 'Check that the address is that of a bcdn interface of this version.',
    cause: parsed.error,
  });
}

/** Reads the error body of any bcdn interface; an unreadable one becomes code HTTP_<status>. */
export function refusalOf(answer: HttpAnswer): Refusal {
  return refusalOfBody(answer.status, parseJson(answer.body));
}

/** The same for a body that was parsed already; undefined is one that is not JSON. */
export function refusalOfBody(status: number, body: unknown): Refusal {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  const values: Record<string, string | number | boolean> = {};
  if (isRecord(error['values'])) {
    for (const [name, value] of Object.entries(error['values'])) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        values[name] = value;
    }
  }
  return {
    status,
    code: textOr(error['code'], `HTTP_${status}`),
    message: textOr(error['message'], `HTTP status ${status}.`),
    values,
    remedy: textOr(error['remedy'], 'Try again later.'),
  };
}

function refusalError(url: string, refusal: Refusal): ClientError {
  return new ClientError('MARKETPLACE_REFUSED', refusal.message, {
    values: { ...refusal.values, url, status: refusal.status, refusal: refusal.code },
    remedy: refusal.remedy,
  });
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // What is not JSON has no fields: the schema or the status says so to the caller.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
