import { ClientError } from '../../client/client-error.ts';
import type { HttpAnswer } from '../../client/http-exchange.ts';
import type { CallComponents } from '../../client/json-call.ts';
import { requireOriginForm } from '../../protocol/content-origin.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { parseDealId } from '../../protocol/identifiers.ts';
import { PublishError } from '../publish-error.ts';
import {
  MAX_ORIGIN_PIECE_ATTEMPTS,
  ORIGIN_PIECE_BYTES,
  ORIGIN_PIECE_RETRY_MS,
  ORIGIN_PROBE_TIMEOUT_MS,
} from '../publish-limits.ts';
import { planPieces, type PlannedContent } from './plan-content.ts';

/**
 * What nodes need of an origin and a page could not see: `ranges`, whether it serves them; `length`, that of its file;
 * `version`, which one it has. An origin shows pages only what its CORS headers allow.
 */
export type UnseenOfOrigin = 'ranges' | 'length' | 'version';

/** An origin as far as a page could look at it. */
export interface SeenOrigin {
  readonly url: string;
  /** ETag that the file has, with its quotes; empty if none is shown. */
  readonly etag: string;
  /** Last-Modified that the file has; empty if none is shown. */
  readonly lastModified: string;
  readonly unseen: readonly UnseenOfOrigin[];
}

export interface OriginReading {
  readonly origin: SeenOrigin;
  readonly content: PlannedContent;
}

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes read so far and all bytes, 0 where the origin does not show its length. */
  readonly onProgress?: ((read: number, total: number) => void) | undefined;
}

/**
 * URL of an origin as nodes will use it.
 * @throws PublishError ORIGIN_UNUSABLE for what is no http or https URL, or has user, password or fragment
 */
export function originUrl(text: string): string {
  const url = URL.parse(text.trim())?.href ?? '';
  const dealId = parseDealId(`0x${'00'.repeat(32)}`);
  try {
    requireOriginForm({
      ...{ dealId, kind: 'file', url, bytes: 0n },
      etag: '',
      lastModified: '',
      issuedAt: 0n,
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw unusable(
      text.slice(0, 100),
      'it is no http or https address without user, password and fragment',
      error,
    );
  }
  return url;
}

/** An origin that no page can read: what is known of its file comes from elsewhere. */
export const unseenOrigin = (url: string): SeenOrigin => ({
  ...{ url, etag: '', lastModified: '', unseen: ['ranges', 'length', 'version'] },
});

/**
 * Reads the file of an origin in ranges, as nodes will, and finds its CID. What was read is not kept.
 * @throws PublishError ORIGIN_UNUSABLE where nodes could not use it, ORIGIN_UNREADABLE where a page may not read it or it
 *   cannot be reached, which browsers do not tell apart; CAR_TOO_LARGE; the signal's reason
 */
export async function readOrigin(
  components: CallComponents,
  url: string,
  options: ReadOptions = {},
): Promise<OriginReading> {
  const pieces = new OriginPieces(components, url, options);
  const content = await planPieces(pieces.all());
  return { origin: pieces.seen(), content };
}

/** The file of an origin, piece by piece. */
class OriginPieces {
  readonly #components: CallComponents;
  readonly #url: string;
  readonly #options: ReadOptions;
  #version: Pick<SeenOrigin, 'etag' | 'lastModified'> | undefined;
  #total: number | undefined;

  constructor(components: CallComponents, url: string, options: ReadOptions) {
    this.#components = components;
    this.#url = url;
    this.#options = options;
  }

  seen(): SeenOrigin {
    const version = this.#version ?? { etag: '', lastModified: '' };
    const unseen: UnseenOfOrigin[] = [];
    if (this.#total === undefined) unseen.push('length');
    if (version.etag === '' && version.lastModified === '') unseen.push('version');
    return { url: this.#url, ...version, unseen };
  }

  async *all(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at !== this.#total;) {
      const answer = await this.#piece(at);
      // A length that is not shown ends where nothing lies behind.
      if (answer.status === 416 && at > 0 && this.#total === undefined) return;
      this.#check(answer, at);
      at += answer.body.length;
      this.#options.onProgress?.(at, this.#total ?? 0);
      yield answer.body;
      if (this.#total === undefined && answer.body.length < ORIGIN_PIECE_BYTES) return;
    }
  }

  async #piece(at: number): Promise<HttpAnswer> {
    const { http, clock } = this.#components;
    const { signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await http.request({
          ...{ method: 'GET', url: this.#url, maxBytes: ORIGIN_PIECE_BYTES, signal },
          headers: { range: `bytes=${at}-${at + ORIGIN_PIECE_BYTES - 1}` },
          stallTimeoutMs: ORIGIN_PROBE_TIMEOUT_MS,
        });
      } catch (cause) {
        signal?.throwIfAborted();
        if (!(cause instanceof ClientError)) throw cause;
        if (cause.code === 'ANSWER_TOO_LARGE')
          throw this.#unusable('it ignores Range and sends the whole file', cause);
        if (at === 0 || attempt >= MAX_ORIGIN_PIECE_ATTEMPTS) throw this.#unreadable(cause);
      }
      await clock.sleep(ORIGIN_PIECE_RETRY_MS * attempt, signal);
    }
  }

  /** Takes what nodes would take, as far as it is shown. @throws PublishError ORIGIN_UNUSABLE */
  #check(answer: HttpAnswer, at: number): void {
    const { body, status } = answer;
    if (status === 200) throw this.#unusable('it ignores Range and sends the whole file');
    if (status !== 206) throw this.#unusable(`it answers with status ${status}`);
    const length = answer.header('content-length');
    if (
      answer.header('content-encoding') !== undefined ||
      (length !== undefined && Number(length) !== body.length)
    ) {
      throw this.#unusable('it encodes the file');
    }
    const version = { etag: answer.header('etag') ?? '', lastModified: answer.header('last-modified') ?? '' };
    const before = this.#version ?? version;
    this.#version = before;
    if (before.etag !== version.etag || before.lastModified !== version.lastModified) {
      throw this.#unusable('its file was changed while it was read');
    }
    const range = answer.header('content-range');
    if (range !== undefined) this.#checkRange(range, at, body.length);
    else if (this.#total !== undefined || body.length === 0)
      throw this.#unusable('it does not say which range it gives');
  }

  #checkRange(range: string, at: number, length: number): void {
    const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? [];
    const isAsked = Number(first) === at && Number(last) === at + length - 1;
    const isSame = this.#total === undefined ? at === 0 : this.#total === Number(total);
    const end = Math.min(at + ORIGIN_PIECE_BYTES, Number(total));
    if (!isAsked || !isSame || at + length !== end) {
      throw this.#unusable(`it gives another range than it was asked for, "${range.slice(0, 60)}"`);
    }
    this.#total = Number(total);
  }

  #unusable(reason: string, cause?: unknown): PublishError {
    return unusable(this.#url, reason, cause);
  }

  #unreadable(cause: ClientError): PublishError {
    return new PublishError('ORIGIN_UNREADABLE', `This page cannot read ${this.#url}.`, {
      values: { url: this.#url, reason: cause.message },
      remedy:
        'Either it cannot be reached, or it does not allow pages to read it (CORS). Nodes need no such permission: choose the same file from this device to name its content.',
      cause,
    });
  }
}

function unusable(url: string, reason: string, cause?: unknown): PublishError {
  return new PublishError('ORIGIN_UNUSABLE', `Nodes could not fetch the content from ${url}: ${reason}.`, {
    values: { url, reason },
    remedy: 'Serve exactly this file with byte ranges and without encoding, or upload it instead.',
    cause,
  });
}
