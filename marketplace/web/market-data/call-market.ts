import type { Decoder } from './decode.ts';
import { MarketDataError, type MarketDataErrorValues } from './market-data-error.ts';

/** Longest answer that is read. */
const MAX_ANSWER_BYTES = 4 * 1_024 * 1_024;
/** Longest wait for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** One question to the marketplace. */
export interface MarketCall<T> {
  /** Path and query, e.g. `/v1/nodes?limit=50`. */
  readonly path: string;
  readonly decode: Decoder<T>;
  readonly signal?: AbortSignal | undefined;
  /** Sent by POST as JSON; without it the call is a GET. */
  readonly body?: unknown;
}

/** What a call needs of its surroundings: tests give their own. */
export interface CallSurroundings {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  readonly timeoutMs: number;
}

const BROWSER: CallSurroundings = {
  fetch: (path, init) => fetch(path, init),
  timeoutMs: ANSWER_TIMEOUT_MS,
};

/**
 * Asks the marketplace that served these pages and checks what it answers. No cookie and no credential goes along.
 * @throws MarketDataError; an abort by the caller is thrown as the caller's own reason
 */
export async function callMarket<T>(call: MarketCall<T>, surroundings = BROWSER): Promise<T> {
  const { path, decode, signal, body } = call;
  const timeout = AbortSignal.timeout(surroundings.timeoutMs);
  const init: RequestInit = {
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  };
  try {
    const response = await surroundings.fetch(path, init);
    const answer = parsed(await boundedText(response));
    if (!response.ok) throw refusalOf(response.status, answer);
    return decode(answer, 'answer');
  } catch (failure) {
    signal?.throwIfAborted();
    if (failure instanceof MarketDataError) throw failure;
    throw timeout.aborted ? slow(path, surroundings.timeoutMs) : unreachable(path, failure);
  }
}

async function boundedText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let read = 0;
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    read += part.value.length;
    if (read > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new MarketDataError(
        'ANSWER_TOO_LARGE',
        'The marketplace answers with more than a page can use.',
        {
          values: { maxBytes: MAX_ANSWER_BYTES },
          remedy: 'Ask for a smaller page of it.',
        },
      );
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON has no fields; the status or the decoder says so to the caller.
    return undefined;
  }
}

/** The error body of the marketplace: `{error: {code, message, values, remedy}}`. */
function refusalOf(status: number, answer: unknown): MarketDataError {
  const error = fieldsOf(fieldsOf(answer)['error']);
  const { code, message, remedy } = error;
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fieldsOf(error['values']))) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      values[name] = value;
    }
  }
  const known: MarketDataErrorValues = {
    ...values,
    status,
    refusal: typeof code === 'string' ? code : `HTTP_${status}`,
  };
  return new MarketDataError(
    'MARKETPLACE_REFUSED',
    typeof message === 'string' ? message : `The marketplace answered with status ${status}.`,
    { values: known, remedy: typeof remedy === 'string' ? remedy : 'Try again a little later.' },
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function slow(path: string, timeoutMs: number): MarketDataError {
  return new MarketDataError('MARKETPLACE_SLOW', 'The marketplace did not answer in time.', {
    values: { path, timeoutMs },
    remedy: 'It is asked again by itself; if it stays so, its operator should look at /readyz.',
  });
}

function unreachable(path: string, cause: unknown): MarketDataError {
  return new MarketDataError('MARKETPLACE_UNREACHABLE', 'The marketplace cannot be reached.', {
    values: { path },
    remedy: 'Check your connection; on your own machine, see whether it still runs.',
    cause,
  });
}
