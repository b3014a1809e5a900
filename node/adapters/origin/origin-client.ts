import type { LookupFunction } from 'node:net';

import type { CID } from 'multiformats/cid';
import { Agent, errors, type Dispatcher } from 'undici';

import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { LeafCutter } from '../../core/origin/leaf-cutter.ts';
import { OriginError } from '../../core/origin/origin-error.ts';
import {
  MAX_ORIGIN_HEADER_BYTES,
  MAX_REDIRECTS,
  MAX_REQUESTS_PER_HOST,
  MIN_ORIGIN_BYTES_PER_SECOND,
  ORIGIN_CONNECT_TIMEOUT_MS,
  ORIGIN_HEADERS_TIMEOUT_MS,
  ORIGIN_STALL_TIMEOUT_MS,
} from '../../core/origin/origin-limits.ts';
import {
  rangeRequestHeaders,
  requireBlockAnswer,
  requireRangeAnswer,
  type AnswerHead,
  type AskedRange,
  type FileVersion,
} from '../../core/origin/range-answer.ts';
import { publicConnector } from './public-connector.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface OriginClientOptions {
  /** Whether loopback, private and other special addresses may be asked. @default false */
  readonly allowPrivate?: boolean;
  /** @default 5 s */
  readonly connectTimeoutMs?: number;
  /** @default 8 s */
  readonly headersTimeoutMs?: number;
  /** Silence within an answer. @default 8 s */
  readonly stallTimeoutMs?: number;
  /** Slowest answer on the whole. @default 64 KiB/s */
  readonly minBytesPerSecond?: number;
  /** Resolves names. @default the system's resolver */
  readonly lookup?: LookupFunction;
}

/** A part of a file: adjacent leaves. */
export interface LeafRange {
  readonly url: string;
  readonly range: AskedRange;
  readonly version: FileVersion;
  /** Lengths of the leaves; their sum is that of the range. */
  readonly lengths: readonly number[];
}

interface Answer {
  readonly head: AnswerHead;
  readonly body: Dispatcher.ResponseData['body'];
}

/**
 * Asks origins over HTTP, and trusts nothing of what they answer: what it hands on has the right length and comes from the
 * right place, and has to be hashed still.
 */
export class OriginClient {
  readonly #agent: Agent;
  readonly #options: Required<Omit<OriginClientOptions, 'lookup' | 'allowPrivate' | 'connectTimeoutMs'>>;

  constructor(options: OriginClientOptions = {}) {
    this.#options = {
      headersTimeoutMs: options.headersTimeoutMs ?? ORIGIN_HEADERS_TIMEOUT_MS,
      stallTimeoutMs: options.stallTimeoutMs ?? ORIGIN_STALL_TIMEOUT_MS,
      minBytesPerSecond: options.minBytesPerSecond ?? MIN_ORIGIN_BYTES_PER_SECOND,
    };
    this.#agent = new Agent({
      connections: MAX_REQUESTS_PER_HOST,
      pipelining: 1,
      maxHeaderSize: MAX_ORIGIN_HEADER_BYTES,
      connect: publicConnector({
        timeoutMs: options.connectTimeoutMs ?? ORIGIN_CONNECT_TIMEOUT_MS,
        allowPrivate: options.allowPrivate ?? false,
        ...(options.lookup !== undefined && { lookup: options.lookup }),
      }),
    });
  }

  /**
   * The leaves of a range, one after the other as they arrive; the next bytes are read when the last leaf was taken.
   * @throws OriginError of every kind but ORIGIN_BYTES_WRONG, ORIGIN_RESTING, ORIGIN_BUSY; the signal's reason
   */
  async *leaves(asked: LeafRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { url, range, version } = asked;
    const until = this.#until(range.end - range.start, signal);
    const cutter = new LeafCutter(asked.lengths);
    try {
      const { head, body } = await this.#open(url, rangeRequestHeaders(range, version), until);
      try {
        requireRangeAnswer(head, range, version);
        for await (const chunk of body) yield* cutter.push(chunk as Uint8Array);
        cutter.finish();
      } finally {
        body.destroy();
      }
    } catch (error) {
      signal.throwIfAborted();
      throw originFailure(url, error);
    }
  }

  /**
   * One block of a trustless gateway. @param url base of the gateway
   * @throws as `leaves`
   */
  async block(url: string, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const address = `${url.replace(/\/+$/, '')}/ipfs/${cid.toString()}?format=raw`;
    const until = this.#until(MAX_BLOCK_BYTES, signal);
    const headers = { accept: 'application/vnd.ipld.raw', 'accept-encoding': 'identity' };
    try {
      const { head, body } = await this.#open(address, headers, until);
      try {
        requireBlockAnswer(head, MAX_BLOCK_BYTES);
        return await wholeBlock(body);
      } finally {
        body.destroy();
      }
    } catch (error) {
      signal.throwIfAborted();
      throw originFailure(url, error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** An answer of so many bytes must be over by then. */
  #until(bytes: number, signal: AbortSignal): AbortSignal {
    const { headersTimeoutMs, stallTimeoutMs, minBytesPerSecond } = this.#options;
    const longestMs = headersTimeoutMs + stallTimeoutMs + (bytes / minBytesPerSecond) * 1000;
    return AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(longestMs))]);
  }

  async #open(address: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const { headersTimeoutMs, stallTimeoutMs } = this.#options;
    let url = new URL(address);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers,
        signal,
        headersTimeout: headersTimeoutMs,
        bodyTimeout: stallTimeoutMs,
      });
      const { body } = answer;
      // A body that is given up says so once more when it is destroyed; the reason is thrown already.
      body.on('error', () => undefined);
      const head = headOf(answer);
      if (!REDIRECTS.has(head.status)) return { head, body };
      body.destroy();
      url = redirectTarget(url, head.header('location'), redirects);
    }
  }
}

/** URL without what may be secret in it. */
export function shownUrl(url: string): string {
  const { origin, pathname } = URL.parse(url) ?? { origin: '', pathname: '' };
  return origin + pathname;
}

function headOf({ statusCode, headers }: Dispatcher.ResponseData): AnswerHead {
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

function redirectTarget(from: URL, location: string | undefined, redirects: number): URL {
  const target = location === undefined ? null : URL.parse(location, from.href);
  const sameOrSafer = target?.protocol === 'https:' || target?.protocol === from.protocol;
  const plain = target !== null && target.username === '' && target.password === '';
  if (redirects < MAX_REDIRECTS && sameOrSafer && plain) return target;
  throw new OriginError('ORIGIN_REDIRECT_REFUSED', 'The origin redirects to where it is not followed.', {
    values: { from: shownUrl(from.href), redirects, maxRedirects: MAX_REDIRECTS },
    remedy: 'The publisher declares the address that serves the file itself, by http or https.',
  });
}

async function wholeBlock(body: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BLOCK_BYTES) {
      throw new OriginError('ORIGIN_LENGTH_WRONG', 'The origin sends a longer block than there are.', {
        values: { maxBytes: MAX_BLOCK_BYTES },
        remedy: 'The publisher checks that the URL is the base of a trustless gateway.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a failure below HTTP means. */
function originFailure(url: string, error: unknown): OriginError {
  if (error instanceof OriginError) return error;
  const reason =
    error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error);
  const tooSlow =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    (error instanceof Error && error.name === 'TimeoutError');
  const values = { url: shownUrl(url), reason };
  if (tooSlow) {
    return new OriginError('ORIGIN_TIMEOUT', 'The origin is silent or too slow.', {
      values,
      remedy: 'The publisher checks the load of its server; other sources are used meanwhile.',
      cause: error,
    });
  }
  return new OriginError('ORIGIN_UNREACHABLE', `The origin cannot be reached: ${reason}.`, {
    values,
    remedy: 'The publisher checks that the server of the URL runs; other sources are used meanwhile.',
    cause: error,
  });
}
