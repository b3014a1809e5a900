import { ClientError } from '../client/client-error.ts';
import type { Clock } from '../pacing/clock.ts';
import type { HttpAnswer, HttpExchange } from '../client/http-exchange.ts';
import type { MarketplaceApi } from '../client/marketplace-api.ts';
import { domainOf } from '../chain/deployment.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import type { ContentOrigin } from '../protocol/content-origin.ts';
import type { DealId } from '../protocol/identifiers.ts';
import { signContentOrigin } from './content-origin.ts';
import type { ContentSource } from './content-source.ts';
import { PublishError } from './publish-error.ts';
import { MAX_ORIGIN_ANSWER_BYTES, MAX_ORIGIN_REDIRECTS, ORIGIN_PROBE_TIMEOUT_MS } from './publish-limits.ts';
import { tellOfDeal } from './tell-of-deal.ts';

/** Where nodes can have a content, in place of having it pushed to them. */
export interface OriginRequest {
  /** Of the file, or the base of a gateway; http or https, readable by the nodes without a password. Everybody can see it. */
  readonly url: string;
  /** One file that is served with byte ranges, or a trustless gateway that has every block. @default file */
  readonly kind?: 'file' | 'gateway' | undefined;
}

/** An origin that was looked at: what is still missing to declare it is the deal. */
export type ProbedOrigin = Omit<ContentOrigin, 'dealId' | 'issuedAt'>;

/** @throws PublishError ORIGIN_UNUSABLE for a source whose leaves do not lie in one file */
export function requireOriginSource(source: ContentSource, { kind = 'file', url }: OriginRequest): void {
  const oneFile = source.kind === 'file' || source.kind === 'stream';
  if (oneFile || (kind === 'gateway' && source.kind === 'directory')) return;
  throw unusable(url, `a ${source.kind} cannot be had from ${kind === 'file' ? 'one file' : 'a gateway'}`);
}

/**
 * Looks whether the origin serves ranges of a file of this length, and remembers which version it has. A gateway is not
 * looked at: its blocks say for themselves what they are.
 * @param bytes length of the content @default that of the file there
 * @throws PublishError ORIGIN_UNUSABLE; the signal's reason
 */
export async function probeOrigin(
  http: HttpExchange,
  { url, kind = 'file' }: OriginRequest,
  { bytes, signal }: { readonly bytes?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ProbedOrigin> {
  const origin = { kind, url, bytes: BigInt(bytes ?? 0), etag: '', lastModified: '' };
  // An empty file has no byte that could be asked for.
  if (kind === 'gateway' || bytes === 0) return origin;
  const answer = await firstByte(http, url, signal);
  const range = answer.header('content-range') ?? '';
  if (answer.status === 200) throw unusable(url, 'it ignores Range and sends the whole file');
  if (answer.status !== 206) throw unusable(url, `it answers with status ${answer.status}`);
  if (answer.header('content-encoding') !== undefined) throw unusable(url, 'it encodes the file');
  const total = /^bytes 0-0\/(\d{1,15})$/.exec(range)?.[1];
  if (total === undefined || (bytes !== undefined && Number(total) !== bytes)) {
    throw unusable(
      url,
      `the file there is another one: Content-Range is "${range.slice(0, 60)}", not of ${bytes ?? 'a known number of'} bytes`,
    );
  }
  return {
    ...origin,
    bytes: BigInt(total),
    etag: answer.header('etag') ?? '',
    lastModified: answer.header('last-modified') ?? '',
  };
}

/**
 * Has the coordinator keep the origin of a deal that was just opened, as soon as it has heard of the deal.
 * @throws PublishError ORIGIN_REFUSED (values: dealId, the coordinator's code); ProtocolError ORIGIN_INVALID
 */
export async function declareOrigin(
  { api, clock }: { readonly api: MarketplaceApi; readonly clock: Clock },
  at: { readonly dealId: DealId; readonly sender: TransactionSender; readonly origin: ProbedOrigin },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { dealId, sender, origin } = at;
  const issuedAt = BigInt(Math.floor(clock.nowMs() / 1000));
  const privateKey = hexToBytes(sender.wallet.privateKey, 32);
  const signer = { domain: domainOf(sender.deployment), privateKey };
  const signed = signContentOrigin(signer, { ...origin, dealId, issuedAt });
  const say = async () => api.declareOrigin(signed, signal);
  await tellOfDeal(clock, { dealId, what: 'origin', say }, signal);
}

/** Asks for one byte, following redirects as nodes do. */
async function firstByte(
  http: HttpExchange,
  first: string,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    let answer: HttpAnswer;
    try {
      answer = await http.request({
        ...{ method: 'GET', url, headers: { range: 'bytes=0-0', 'accept-encoding': 'identity' } },
        ...{ maxBytes: MAX_ORIGIN_ANSWER_BYTES, stallTimeoutMs: ORIGIN_PROBE_TIMEOUT_MS, signal },
      });
    } catch (cause) {
      signal?.throwIfAborted();
      // The whole file in place of one byte is too long to be read.
      const tooLong = cause instanceof ClientError && cause.code === 'ANSWER_TOO_LARGE';
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw unusable(first, tooLong ? 'it ignores Range and sends the whole file' : reason, cause);
    }
    const location = answer.header('location');
    if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
    const target = URL.parse(location, url);
    if (redirects >= MAX_ORIGIN_REDIRECTS || target === null) throw unusable(first, 'it redirects too often');
    url = target.href;
  }
}

function unusable(url: string, reason: string, cause?: unknown): PublishError {
  return new PublishError('ORIGIN_UNUSABLE', `Nodes could not fetch the content from ${url}: ${reason}.`, {
    values: { url, reason },
    remedy:
      'Serve exactly this file with byte ranges and without encoding, or leave the origin out and push the content.',
    cause,
  });
}
