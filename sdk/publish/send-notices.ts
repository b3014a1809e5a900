import type { CID } from 'multiformats/cid';
import { z } from 'zod';

import { ClientError } from '../client/client-error.ts';
import { httpOriginOf } from '../client/endpoint.ts';
import { decodeJson, refusalOf, type CallComponents } from '../client/json-call.ts';
import type { MarketplaceDeal } from '../client/marketplace-answers.ts';
import { domainOf, MarketplaceApi } from '../client/marketplace-api.ts';
import { readUint64 } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/eip712.ts';
import {
  contentNoticeDigest,
  encodeSignedNotice,
  requireNoticeForm,
  type ContentNotice,
  type NoticeKind,
} from '../protocol/content-notice.ts';
import { contentRootOf } from '../protocol/content.ts';
import { NOTICES_PATH } from '../protocol/http.ts';
import type { DealId } from '../protocol/identifiers.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { PublishError } from './publish-error.ts';
import { MAX_NOTICE_ANSWER_BYTES, NOTICE_TIMEOUT_MS } from './publish-limits.ts';

/** Signs a notice as its publisher: with a key at hand, or by asking a wallet. @returns 64 bytes, EIP-2098 */
export type SignNotice = (domain: Domain, notice: ContentNotice) => Uint8Array | Promise<Uint8Array>;

/** Signs with a key that is at hand. @param publisherKey 32 bytes */
export const noticeSigner =
  (secp256k1: Secp256k1, publisherKey: Uint8Array): SignNotice =>
  (domain, notice) =>
    secp256k1.sign(contentNoticeDigest(domain, notice), publisherKey);

/** What a publisher wants all who keep its content to do. */
export interface NoticeWish {
  readonly marketplaceUrl: string;
  /** By the account that opened the deals. */
  readonly sign: SignNotice;
  readonly kind: NoticeKind;
  readonly cid: CID;
  /** Only this deal. @default every deal of the content */
  readonly dealId?: DealId | undefined;
  /** With `purge`: what lies below this path. */
  readonly path?: string | undefined;
  /** With `tag` the name to give; with `purge` all contents of the publisher that have it. */
  readonly tag?: string | undefined;
}

/** What one edge said. */
export interface EdgeAnswer {
  readonly origin: string;
  /** `new` and `known`: it obeys. */
  readonly outcome: 'new' | 'known' | 'refused' | 'unreachable';
  /** Code of the refusal or failure. */
  readonly code?: string | undefined;
}

/** The notice of one deal, and who heard of it at first hand; the others hear of it by gossip. */
export interface SentNotice {
  readonly dealId: DealId;
  readonly sequence: bigint;
  readonly edges: readonly EdgeAnswer[];
}

const answerSchema = z.object({ outcome: z.enum(['new', 'known']) });

/**
 * Signs a notice for each deal of a content and hands it to the edges of the deal, which tell all others.
 *
 * @throws PublishError NO_NODES, NOTICE_REFUSED when no edge took any; ProtocolError NOTICE_INVALID; ClientError from the
 *   marketplace; what the signer throws; the signal's reason
 */
export async function sendNotices(
  components: CallComponents,
  wish: NoticeWish,
  signal?: AbortSignal,
): Promise<SentNotice[]> {
  const api = new MarketplaceApi(components, wish.marketplaceUrl);
  const domain = domainOf(await api.network(signal));
  const deals = (await api.dealsOf(wish.cid, signal)).filter(
    ({ dealId }) => wish.dealId === undefined || dealId === wish.dealId,
  );
  const sent: SentNotice[] = [];
  for (const deal of deals) {
    const notice = noticeOf(components, wish, deal.dealId);
    const signature = await wish.sign(domain, notice);
    const bytes = encodeSignedNotice({ notice, signature });
    const origins = await originsOf(api, deal, signal);
    const edges = await Promise.all(origins.map((origin) => hand(components, origin, { bytes, signal })));
    sent.push({ dealId: deal.dealId, sequence: notice.sequence, edges });
  }
  requireTaken(wish, sent);
  return sent;
}

function noticeOf({ clock }: CallComponents, wish: NoticeWish, dealId: DealId): ContentNotice {
  const notice: ContentNotice = {
    dealId,
    kind: wish.kind,
    contentRoot: contentRootOf(wish.cid),
    path: wish.path ?? '',
    tag: wish.tag ?? '',
    sequence: readUint64(crypto.getRandomValues(new Uint8Array(8))),
    issuedAt: BigInt(Math.floor(clock.nowMs() / 1_000)),
  };
  requireNoticeForm(notice);
  return notice;
}

async function originsOf(
  api: MarketplaceApi,
  { allocations }: MarketplaceDeal,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const nodes = await Promise.all(allocations.map(({ node }) => api.node(node, signal)));
  return nodes.flatMap(({ endpoints }) => httpOriginOf(endpoints) ?? []);
}

async function hand(
  { http }: CallComponents,
  origin: string,
  { bytes, signal }: { readonly bytes: Uint8Array; readonly signal: AbortSignal | undefined },
): Promise<EdgeAnswer> {
  const url = `${origin}${NOTICES_PATH}`;
  try {
    const answer = await http.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      maxBytes: MAX_NOTICE_ANSWER_BYTES,
      stallTimeoutMs: NOTICE_TIMEOUT_MS,
      signal,
    });
    if (answer.status >= 400) return { origin, outcome: 'refused', code: refusalOf(answer).code };
    return { origin, outcome: decodeJson(url, answer, answerSchema).outcome };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ClientError)) throw error;
    return { origin, outcome: 'unreachable', code: error.code };
  }
}

function requireTaken(wish: NoticeWish, sent: readonly SentNotice[]): void {
  const answers = sent.flatMap(({ edges }) => edges);
  if (answers.some(({ outcome }) => outcome === 'new' || outcome === 'known')) return;
  const values = { cid: wish.cid.toString(), deals: sent.length, edges: answers.length };
  const [first] = answers;
  if (first === undefined) {
    throw new PublishError('NO_NODES', 'No edge keeps this content for a deal.', {
      values,
      remedy: 'Check the CID and the deal; without deals there is nothing to take down.',
    });
  }
  throw new PublishError('NOTICE_REFUSED', 'No edge took the notice.', {
    values: { ...values, origin: first.origin, refusal: first.code ?? first.outcome },
    remedy: 'Sign with the key that opened the deal, and check that the clock of this machine is right.',
  });
}
