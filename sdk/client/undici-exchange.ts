import { createHash, type Hash } from 'node:crypto';

import { Agent, errors, type Dispatcher } from 'undici';

import { ClientError } from './client-error.ts';
import { CONNECT_TIMEOUT_MS, MAX_IN_FLIGHT_PER_SOURCE } from './client-limits.ts';
import { hashesFast } from './hash-speed.ts';
import { sentUrl, type HttpAnswer, type HttpExchange, type HttpRequest } from './http-exchange.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * HTTP in Node: kept connections, and bodies gathered into one buffer of the announced length without the
 * stream machinery in between.
 */
export class UndiciExchange implements HttpExchange {
  readonly #agent = new Agent({
    connections: MAX_IN_FLIGHT_PER_SOURCE,
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });

  readonly #hashes: boolean;

  /** @param options.hashes whether bodies may be hashed on this thread @default whether that is fast here */
  constructor(options: { readonly hashes?: boolean } = {}) {
    this.#hashes = options.hashes ?? hashesFast();
  }

  request(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      request.signal?.throwIfAborted();
      const { origin, pathname, search } = new URL(sentUrl(request));
      this.#agent.dispatch(
        {
          origin,
          path: pathname + search,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
          headersTimeout: request.stallTimeoutMs,
          bodyTimeout: request.stallTimeoutMs,
        },
        new WholeAnswer(request, { resolve, reject, hashes: this.#hashes }),
      );
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Gathers one answer. */
class WholeAnswer implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #sentMs = performance.now();
  #waitedMs = 0;
  #status = 0;
  #headers: Headers = {};
  #body: Uint8Array = new Uint8Array(0);
  #length = 0;

  readonly #hash: Hash | undefined;

  constructor(
    request: HttpRequest,
    options: {
      readonly resolve: (answer: HttpAnswer) => void;
      readonly reject: (error: Error) => void;
      readonly hashes: boolean;
    },
  ) {
    this.#request = request;
    this.#resolve = options.resolve;
    this.#reject = options.reject;
    this.#hash = request.sha256 === true && options.hashes ? createHash('sha256') : undefined;
  }

  readonly #onAbort = (): void => {
    this.#controller?.abort(this.#request.signal?.reason as Error);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { signal } = this.#request;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#waitedMs = performance.now() - this.#sentMs;
    this.#status = status;
    this.#headers = headers;
    const announced = Number(headers['content-length'] ?? 0);
    if (this.#request.method === 'HEAD' || !Number.isSafeInteger(announced) || announced < 0) return;
    if (announced > this.#request.maxBytes) controller.abort(this.#tooLarge(announced));
    // Not zeroed: what is handed on is only what arrived.
    else this.#body = Buffer.allocUnsafeSlow(announced);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#request.maxBytes) {
      controller.abort(this.#tooLarge(length));
      return;
    }
    if (length > this.#body.length) {
      const larger = new Uint8Array(
        Math.min(this.#request.maxBytes, Math.max(length, this.#body.length * 2)),
      );
      larger.set(this.#body.subarray(0, this.#length));
      this.#body = larger;
    }
    this.#body.set(chunk, this.#length);
    // While the piece is in the processor's cache.
    this.#hash?.update(chunk);
    this.#length = length;
  }

  onResponseEnd(): void {
    this.#ended();
    const headers = this.#headers;
    this.#resolve({
      status: this.#status,
      header: (name) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      body: this.#body.subarray(0, this.#length),
      waitedMs: this.#waitedMs,
      sha256: this.#hash?.digest(),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#ended();
    const { signal } = this.#request;
    if (signal?.aborted === true) this.#reject(signal.reason as Error);
    else this.#reject(error instanceof ClientError ? error : transportFailure(this.#request, error));
  }

  #ended(): void {
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
  }

  #tooLarge(bytes: number): ClientError {
    return new ClientError('ANSWER_TOO_LARGE', `The answer of ${this.#request.url} is too long.`, {
      values: { url: this.#request.url, bytes, limit: this.#request.maxBytes },
      remedy: 'Report this node: it sends more than was asked for.',
    });
  }
}

function transportFailure(request: HttpRequest, cause: Error): ClientError {
  const stalled = cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError;
  const code = stalled ? 'STALLED' : 'UNREACHABLE';
  const reason = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  const message = stalled
    ? `${request.url} stopped sending.`
    : `${request.url} cannot be reached: ${reason}.`;
  return new ClientError(code, message, {
    values: { url: request.url, reason, timeoutMs: request.stallTimeoutMs },
    remedy: 'Check that it is running and reachable; another one is used meanwhile where there is one.',
    cause,
  });
}
