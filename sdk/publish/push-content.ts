import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { ClientError } from '../client/client-error.ts';
import { systemClock, type Clock } from '../pacing/clock.ts';
import { httpOriginOf } from '../client/endpoint.ts';
import { refusalOf, type Refusal } from '../client/json-call.ts';
import { encodeSignedUpload, uploadDigest, type Upload } from '../protocol/authorisation.ts';
import { base64UrlEncode } from '../protocol/bytes.ts';
import { contentRootOf } from '../protocol/content.ts';
import type { Domain } from '../protocol/eip712.ts';
import {
  CONTENT_PATH,
  TAGS_HEADER,
  UPLOAD_HEADER,
  UPLOAD_PART_HEADER,
  type UploadPart,
} from '../protocol/http.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { ImportedContent } from './imported-content.ts';
import { PublishError } from './publish-error.ts';
import {
  CONTINUE_TIMEOUT_MS,
  MAX_PUSH_ANSWER_BYTES,
  MAX_PUSH_ATTEMPTS,
  PUSH_RETRY_DELAY_MS,
  PUSH_STALL_TIMEOUT_MS,
  UPLOAD_AUTHORISATION_SECONDS,
} from './publish-limits.ts';

/** What is pushed where, and on whose authority. */
export interface PushRequest {
  readonly content: Pick<ImportedContent, 'root' | 'carFile'>;
  /** `skeleton`: the archive has the inner nodes only. @default whole */
  readonly part?: UploadPart | undefined;
  readonly dealId: DealId;
  readonly domain: Domain;
  readonly node: Address;
  /** Endpoints of the node, multiaddrs or URLs; the first HTTP one is used. */
  readonly endpoints: readonly string[];
  /** Names under which the content can be purged with others. @default none */
  readonly tags?: readonly string[] | undefined;
  /** Signs a 32-byte digest with the publisher's key, EIP-2098. */
  readonly sign: (digest: Uint8Array) => Uint8Array;
}

export interface PushOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the archive's bytes sent so far; begins again when an attempt is repeated. */
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
  /** @default 60 s without a byte taken */
  readonly stallTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Refusals that pass: the node's view of the chain lags behind, or it is busy. */
const PASSING_REFUSALS: ReadonlySet<string> = new Set(['UPLOAD_UNKNOWN_DEAL', 'UPLOADS_BUSY']);

/**
 * Streams the archive of a content to an edge that the deal allocates tokens to. Nothing is sent before the edge has
 * accepted the authorisation; passing failures are tried again.
 *
 * @throws PublishError ENDPOINT_MISSING, PUSH_REFUSED (values: the edge's code), PUSH_FAILED; the signal's reason
 */
export async function pushContent(request: PushRequest, options: PushOptions = {}): Promise<void> {
  const clock = options.clock ?? systemClock;
  const origin = httpOriginOf(request.endpoints);
  if (origin === undefined) {
    throw new PublishError('ENDPOINT_MISSING', `Node ${request.node} announces no HTTP endpoint.`, {
      values: { node: request.node, endpoints: request.endpoints.length },
      remedy: 'Choose another node; its operator has to announce an address with /http or /https.',
    });
  }
  const url = `${origin}${CONTENT_PATH}${request.content.root.toString()}`;
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    const outcome = await attemptPush(url, request, { ...options, clock });
    if (outcome === 'taken') return;
    if (attempt >= MAX_PUSH_ATTEMPTS || !outcome.passing) throw outcome.error;
    await clock.sleep(PUSH_RETRY_DELAY_MS * 2 ** (attempt - 1), options.signal);
  }
}

type Outcome = 'taken' | { readonly error: PublishError; readonly passing: boolean };

async function attemptPush(
  url: string,
  request: PushRequest,
  options: PushOptions & { readonly clock: Clock },
): Promise<Outcome> {
  const { tags = [], part = 'whole' } = request;
  const headers = {
    [UPLOAD_HEADER]: authorisation(request, options.clock),
    ...(part === 'whole' ? {} : { [UPLOAD_PART_HEADER]: part }),
    ...(tags.length === 0 ? {} : { [TAGS_HEADER]: tags.join(', ') }),
  };
  try {
    const answer = await put(url, headers, request.content, options);
    if (answer.status < 400) return 'taken';
    const refusal = refusalOf(answer);
    const passing = answer.status === 429 || answer.status >= 500 || PASSING_REFUSALS.has(refusal.code);
    return { error: refused(url, request.node, refusal), passing };
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof PublishError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new PublishError('PUSH_FAILED', `The content could not be sent to ${url}: ${reason}.`, {
      values: { url, node: request.node, reason },
      remedy: 'Check that the node is reachable, or choose another.',
      cause,
    });
    return { error, passing: true };
  }
}

function authorisation({ content, dealId, domain, node, sign }: PushRequest, clock: Clock): string {
  const upload: Upload = {
    dealId,
    node,
    contentRoot: contentRootOf(content.root),
    bytes: BigInt(content.carFile.bytes),
    expiresAt: BigInt(Math.floor(clock.nowMs() / 1000) + UPLOAD_AUTHORISATION_SECONDS),
  };
  return base64UrlEncode(encodeSignedUpload({ upload, signature: sign(uploadDigest(domain, upload)) }));
}

interface Answer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Uint8Array;
}

/** One PUT. The body follows when the edge has asked for it, or when it stays silent about it. */
async function put(
  url: string,
  headers: Readonly<Record<string, string>>,
  content: PushRequest['content'],
  options: PushOptions,
): Promise<Answer> {
  const outgoing = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
    method: 'PUT',
    agent: false,
    signal: options.signal,
    headers: {
      ...headers,
      'content-type': 'application/vnd.ipld.car; version=1',
      'content-length': content.carFile.bytes,
      expect: '100-continue',
    },
  });
  outgoing.setTimeout(options.stallTimeoutMs ?? PUSH_STALL_TIMEOUT_MS, () => {
    outgoing.destroy(
      new ClientError('STALLED', `${url} takes no more bytes.`, { remedy: 'Try another node.' }),
    );
  });
  const answered = firstAnswer(outgoing);
  outgoing.flushHeaders();
  try {
    const go = await Promise.race([continued(outgoing), answered.then(() => false)]);
    // An answer that comes while the body is under way ends the sending: it says more than the broken pipe.
    if (go) await Promise.race([sendBody(outgoing, content, options), answered]).catch(() => undefined);
    return await readAnswer(await answered);
  } finally {
    outgoing.destroy();
  }
}

function firstAnswer(outgoing: ClientRequest): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () =>
      reject(new ClientError('UNREACHABLE', 'connection closed', { remedy: 'Try again.' })),
    );
  });
  // It is awaited later; until then a failure must not count as unheard.
  answered.catch(() => undefined);
  return answered;
}

function continued(outgoing: ClientRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), CONTINUE_TIMEOUT_MS);
    outgoing.once('continue', () => resolve(true));
    outgoing.once('close', () => clearTimeout(timer));
  });
}

async function sendBody(
  outgoing: ClientRequest,
  content: PushRequest['content'],
  options: PushOptions,
): Promise<void> {
  let sent = 0;
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sent += chunk.length;
      options.onProgress?.(sent, content.carFile.bytes);
      done(null, chunk);
    },
  });
  await pipeline(content.carFile.read(), meter, outgoing);
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_PUSH_ANSWER_BYTES) break;
    parts.push(part);
  }
  const header = (name: string) => {
    const value = incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return { status: incoming.statusCode ?? 0, header, body: Buffer.concat(parts) };
}

function refused(url: string, node: Address, refusal: Refusal): PublishError {
  return new PublishError('PUSH_REFUSED', `${url} did not take the content: ${refusal.message}`, {
    values: { ...refusal.values, url, node, status: refusal.status, refusal: refusal.code },
    remedy: refusal.remedy,
  });
}
