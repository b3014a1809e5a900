import { ClientError } from '../../../sdk/client/client-error.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { ContentOrigin } from '../../../sdk/protocol/content-origin.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1, SIGNATURE_BYTES } from '../../../sdk/protocol/signature.ts';
import { DEAL_KNOWN_POLL_MS } from '../../../sdk/publish/publish-limits.ts';
import { tellOfDeal } from '../../../sdk/publish/tell-of-deal.ts';
import { originSignedBy, originToSign } from '../../../sdk/publish/wallet-origin.ts';
import type { Network } from '../market-data/network.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { Draft, OriginSignature } from './draft.ts';
import { requireChain } from './opening.ts';

/** How long a deal may take to be listed before the marketplace is told of its origin all the same, and among how many. */
const LISTED_TIMEOUT_MS = 10_000;
const NEWEST_DEALS = 50;

/**
 * Asks the wallet to sign where the content of a draft is. Costs nothing and says nothing to anybody yet.
 * @throws WalletError; NewDistributionError CHAIN_DIFFERS; PublishError SIGNER_UNEXPECTED; ProtocolError ORIGIN_INVALID
 */
export async function signOrigin(wallet: Wallet, network: Network, draft: Draft): Promise<OriginSignature> {
  await requireChain(wallet, draft);
  const issuedAt = Math.floor(Date.now() / 1_000);
  const domain = domainOf(network);
  const origin = originOf(draft, issuedAt);
  const { domain: shown, types, value } = originToSign(domain, origin);
  const answered = await wallet.signTypedData(shown, types, value);
  const signer = { domain, publisher: draft.publisher, secp256k1: pureSecp256k1 };
  const { signature } = originSignedBy(signer, origin, answered);
  return { issuedAt, signature: bytesToHex(signature) };
}

/**
 * Gives the coordinator the publisher's word, as soon as it has heard of the deal. A later word of the publisher, by
 * another program, counts instead.
 * @throws PublishError ORIGIN_REFUSED; the signal's reason
 */
export async function declareDraftOrigin(draft: Draft, signal: AbortSignal): Promise<void> {
  const { dealId } = draft;
  const signed = draft.origin?.signed;
  if (signed === undefined) return;
  const http = new FetchExchange();
  const api = new MarketplaceApi({ http, clock: systemClock }, location.origin);
  const message = {
    origin: originOf(draft, signed.issuedAt),
    signature: hexToBytes(signed.signature, SIGNATURE_BYTES),
  };
  const say = () => api.declareOrigin(message, signal).catch(unlessOutdated);
  try {
    await untilListed(api, draft, signal);
    await tellOfDeal(systemClock, { dealId, what: 'origin', say, isAllocated: true }, signal);
  } finally {
    await http.close();
  }
}

/** Waits until the marketplace lists the deal: a browser writes every call that is refused into its console. */
async function untilListed(api: MarketplaceApi, draft: Draft, signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.nowMs() + LISTED_TIMEOUT_MS;
  while (systemClock.nowMs() < deadlineMs) {
    const { deals } = await api.dealsBy(draft.publisher, { offset: 0, limit: NEWEST_DEALS }, signal);
    if (deals.some(({ dealId }) => dealId === draft.dealId)) return;
    await systemClock.sleep(DEAL_KNOWN_POLL_MS, signal);
  }
}

function unlessOutdated(failure: unknown): void {
  if (failure instanceof ClientError && failure.values['refusal'] === 'ORIGIN_OUTDATED') return;
  throw failure;
}

const domainOf = (network: Network): Domain => ({
  chainId: BigInt(network.chainId),
  verifyingContract: parseAddress(network.market),
});

function originOf({ dealId, bytes, origin }: Draft, issuedAt: number): ContentOrigin {
  const { url = '', etag = '', lastModified = '' } = origin ?? {};
  return { dealId, kind: 'file', url, bytes, etag, lastModified, issuedAt: BigInt(issuedAt) };
}
