import { ClientError } from './client-error.ts';
import { sentUrl, type HttpAnswer, type HttpExchange, type HttpRequest } from './http-exchange.ts';

/** HTTP by the platform's `fetch`: for browsers. The platform keeps the connections. */
export class FetchExchange implements HttpExchange {
  readonly #cache: NonNullable<RequestInit['cache']>;
  readonly #closed = new AbortController();

  /** @param options.cache `no-store` asks the server itself, whatever the browser has kept @default the platform's */
  constructor({ cache = 'default' }: { readonly cache?: RequestInit['cache'] } = {}) {
    this.#cache = cache;
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    request.signal?.throwIfAborted();
    const stop = new AbortController();
    const onAbort = () => stop.abort();
    request.signal?.addEventListener('abort', onAbort, { once: true });
    this.#closed.signal.addEventListener('abort', onAbort, { once: true });
    const stall = new StallTimer(request.stallTimeoutMs, stop);
    try {
      return await exchange(request, { cache: this.#cache, signal: stop.signal }, stall);
    } catch (cause) {
      request.signal?.throwIfAborted();
      if (cause instanceof ClientError) throw cause;
      throw transportFailure(request, stall.expired, cause);
    } finally {
      stall.clear();
      request.signal?.removeEventListener('abort', onAbort);
      this.#closed.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}

/** Ends a request that is silent for too long. */
class StallTimer {
  readonly #timeoutMs: number;
  readonly #stop: AbortController;
  #timer: ReturnType<typeof setTimeout> | undefined;
  expired = false;

  constructor(timeoutMs: number, stop: AbortController) {
    this.#timeoutMs = timeoutMs;
    this.#stop = stop;
  }

  /** Something came: the silence begins anew. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#stop.abort();
    }, this.#timeoutMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

async function exchange(
  request: HttpRequest,
  init: Pick<RequestInit, 'cache' | 'signal'>,
  stall: StallTimer,
): Promise<HttpAnswer> {
  stall.restart();
  const sentMs = performance.now();
  const response = await fetch(sentUrl(request), {
    method: request.method,
    headers: { ...request.headers },
    // Which page somebody looks at is nobody's business.
    referrerPolicy: 'no-referrer',
    ...(request.body !== undefined && { body: bodyOf(request.body) }),
    ...init,
  });
  const waitedMs = performance.now() - sentMs;
  const header = (name: string) => response.headers.get(name) ?? undefined;
  if (response.body === null) return { status: response.status, header, body: new Uint8Array(0), waitedMs };
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    stall.restart();
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > request.maxBytes) {
      await reader.cancel();
      throw tooLarge(request, length);
    }
    parts.push(value);
  }
  return { status: response.status, header, body: joined(parts, length), waitedMs };
}

/** Bodies are receipts and short JSON: copying them costs nothing and frees them of shared memory. */
function bodyOf(body: Uint8Array | string): Uint8Array<ArrayBuffer> | string {
  return typeof body === 'string' ? body : Uint8Array.from(body);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function tooLarge({ url, maxBytes }: HttpRequest, bytes: number): ClientError {
  return new ClientError('ANSWER_TOO_LARGE', `The answer of ${url} is too long.`, {
    values: { url, bytes, limit: maxBytes },
    remedy: 'Report this node: it sends more than was asked for.',
  });
}

function transportFailure(
  { url, stallTimeoutMs }: HttpRequest,
  stalled: boolean,
  cause: unknown,
): ClientError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = stalled ? `${url} stopped sending.` : `${url} cannot be reached: ${reason}.`;
  return new ClientError(stalled ? 'STALLED' : 'UNREACHABLE', message, {
    values: { url, reason, timeoutMs: stallTimeoutMs },
    remedy: 'Check that it is running and reachable; another one is used meanwhile where there is one.',
    cause,
  });
}
