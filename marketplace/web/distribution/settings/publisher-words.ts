import { systemClock } from '../../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../../sdk/client/fetch-exchange.ts';
import { MarketplaceApi } from '../../../../sdk/client/marketplace-api.ts';
import { audienceDigest, AUDIENCE_TYPE, OPEN_AUDIENCE } from '../../../../sdk/protocol/authorisation.ts';
import { base64UrlEncode } from '../../../../sdk/protocol/bytes.ts';
import { parseCid } from '../../../../sdk/protocol/content.ts';
import {
  CONTENT_NOTICE_TYPE,
  contentNoticeDigest,
  type NoticeKind,
} from '../../../../sdk/protocol/content-notice.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1 } from '../../../../sdk/protocol/signature.ts';
import { sendNotices } from '../../../../sdk/publish/send-notices.ts';
import { messageToSign, signedByPublisher } from '../../../../sdk/publish/wallet-words.ts';
import type { Wallet } from '../../wallet/wallet.ts';
import { deploymentOf } from '../../new-distribution/opening.ts';
import type { DealAtHand } from './deal-actions.ts';
import { noticeOutcome } from './notice-outcome.ts';

/** A notice of a publisher about the content of its deal. */
export interface NoticeRequest {
  readonly kind: NoticeKind;
  readonly cid: string;
  readonly path?: string;
  readonly tag?: string;
}

/**
 * Has the wallet sign whom the deal is for, and the coordinator take it.
 * @param audienceKey signs admissions; undefined opens the deal to everybody
 * @returns what became of it, in a sentence
 * @throws WalletError, PublishError SIGNER_UNEXPECTED, ClientError from the marketplace, the signal's reason
 */
export async function sayAudience(
  deal: DealAtHand,
  audienceKey: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const dealId = parseDealId(deal.dealId);
  const key = audienceKey === undefined ? OPEN_AUDIENCE : parseAddress(audienceKey.toLowerCase());
  const issuedAt = Math.floor(systemClock.nowMs() / 1_000);
  const message = { dealId, audienceKey: key, issuedAt: BigInt(issuedAt) };
  const domain = domainOf(deal);
  const signature = await asked(deal.wallet, messageToSign(domain, AUDIENCE_TYPE, message), {
    digest: audienceDigest(domain, message),
  });
  await withApi(async ({ api }) =>
    api.declareAudience(
      { dealId, audienceKey: key, issuedAt, signature: base64UrlEncode(signature) },
      signal,
    ),
  );
  return audienceKey === undefined
    ? 'from now on everybody who asks is granted it.'
    : 'from now on viewers need an admission by that key.';
}

/**
 * Has the wallet sign a notice and hands it to the nodes of the deal.
 * @returns what the nodes said, in a sentence
 * @throws WalletError, PublishError SIGNER_UNEXPECTED, NO_NODES, NOTICE_REFUSED, ProtocolError NOTICE_INVALID, ClientError
 *   from the marketplace, the signal's reason
 */
export async function sendNotice(
  deal: DealAtHand,
  { kind, cid, path, tag }: NoticeRequest,
  signal: AbortSignal,
): Promise<string> {
  const wish = {
    ...{ marketplaceUrl: location.origin, kind, cid: parseCid(cid), dealId: parseDealId(deal.dealId) },
    ...(path !== undefined && path !== '' && { path }),
    ...(tag !== undefined && { tag }),
  };
  const sent = await withApi(({ http }) =>
    sendNotices(
      { http, clock: systemClock },
      {
        ...wish,
        sign: (domain, notice) =>
          asked(deal.wallet, messageToSign(domain, CONTENT_NOTICE_TYPE, notice), {
            digest: contentNoticeDigest(domain, notice),
          }),
      },
      signal,
    ),
  );
  return noticeOutcome(sent.flatMap(({ edges }) => edges));
}

async function asked(
  wallet: Wallet,
  { domain, types, value }: ReturnType<typeof messageToSign>,
  { digest }: { readonly digest: Uint8Array },
): Promise<Uint8Array> {
  const answered = await wallet.signTypedData(domain, types, value);
  return signedByPublisher({ publisher: wallet.address, digest, secp256k1: pureSecp256k1 }, answered);
}

async function withApi<Result>(
  work: (parts: { readonly api: MarketplaceApi; readonly http: FetchExchange }) => Promise<Result>,
): Promise<Result> {
  const http = new FetchExchange();
  try {
    return await work({ http, api: new MarketplaceApi({ http, clock: systemClock }, location.origin) });
  } finally {
    await http.close();
  }
}

function domainOf({ network }: DealAtHand) {
  const { chainId, market } = deploymentOf(network);
  return { chainId, verifyingContract: market };
}
