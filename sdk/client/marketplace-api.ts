import type { CID } from 'multiformats/cid';
import type { z } from 'zod';

import { base64UrlEncode, type Hex } from '../protocol/bytes.ts';
import type { SignedContentOrigin } from '../protocol/content-origin.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { encodeReceiptsWithGrants, type ReceiptWithGrant } from '../protocol/receipt.ts';
import { acknowledgementsSchema, type Acknowledgement } from './acknowledgement.ts';
import { RECEIPT_TIMEOUT_MS } from './client-limits.ts';
import type { GivenAdmission } from './given-admission.ts';
import { httpBaseOf } from './endpoint.ts';
import { callJson, type CallComponents, type JsonCall } from './json-call.ts';
import {
  networkSchema,
  nodeSchema,
  dealsPageSchema,
  dealTermsSchema,
  moneySchema,
  contentSchema,
  challengeSchema,
  grantsSchema,
  audienceSchema,
  originSchema,
  reachSchema,
  keysSchema,
  quoteSchema,
  type Challenge,
  type Network,
  type MarketplaceNode,
  type MarketplaceDeal,
  type PaidContent,
  type GrantsAnswer,
  type Quote,
  type DealTerms,
  type DealsPage,
  type CoordinatorKeys,
} from './marketplace-answers.ts';

/** What a publisher asks a price for. */
export interface QuoteRequest {
  readonly bytes: number;
  readonly expectedDeliveryBytes: bigint;
  readonly regions?: readonly string[] | undefined;
  readonly replicas: number;
  readonly serviceLevel?: number | undefined;
  readonly maxRatePerGiB?: bigint | undefined;
  /** In which the expected delivery happens. */
  readonly days?: number | undefined;
  /** Viewers at the busiest moment, each of so many bits a second. */
  readonly peakViewers?: number | undefined;
  readonly bitrate?: number | undefined;
}

/** A viewer's signed request for grants. */
export interface GrantsRequest {
  readonly dealId: DealId;
  readonly viewerKey: Address;
  readonly nonce: Hex;
  readonly expiresAt: number;
  readonly signature: Uint8Array;
  readonly capBytes?: bigint | undefined;
  readonly nodes?: readonly Address[] | undefined;
  readonly region?: string | undefined;
  /** Of the viewer's domain inside the region. */
  readonly domainLabel?: string | undefined;
  /** Grants of the epoch after the current one; issued in the last part of the current one. */
  readonly nextEpoch?: boolean | undefined;
  readonly admission?: GivenAdmission | undefined;
}

/** A publisher's signed word whom its deal is for. */
export interface AudienceMessage {
  readonly dealId: DealId;
  readonly audienceKey: Address;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Base64url. */
  readonly signature: string;
}

/** A publisher's signed word whether peers of its deal serve viewers of other domains directly. */
export interface PeerReachMessage {
  readonly dealId: DealId;
  readonly everywhere: boolean;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Base64url. */
  readonly signature: string;
}

/** The marketplace's HTTP interface: what publishers and viewers need of it. Every answer is checked. */
export class MarketplaceApi {
  readonly #components: CallComponents;
  readonly #base: string;

  /** @throws ClientError ENDPOINT_INVALID */
  constructor(components: CallComponents, url: string) {
    this.#components = components;
    this.#base = httpBaseOf(url);
  }

  network(signal?: AbortSignal): Promise<Network> {
    return this.#call({ method: 'GET', url: '/v1/network', signal }, networkSchema);
  }

  node(operator: Address, signal?: AbortSignal): Promise<MarketplaceNode> {
    return this.#call({ method: 'GET', url: `/v1/nodes/${operator}`, signal }, nodeSchema);
  }

  /** Deals that pay for the delivery of a content. */
  async dealsOf(cid: CID, signal?: AbortSignal): Promise<readonly MarketplaceDeal[]> {
    return (await this.content(cid, signal)).deals;
  }

  /** The same, and the nodes that open ones of them pay. */
  content(cid: CID, signal?: AbortSignal): Promise<PaidContent> {
    return this.#call({ method: 'GET', url: `/v1/content/${cid.toString()}`, signal }, contentSchema);
  }

  /** A deal with its allocations. */
  deal(id: DealId, signal?: AbortSignal): Promise<DealTerms> {
    return this.#call({ method: 'GET', url: `/v1/deals/${id}`, signal }, dealTermsSchema);
  }

  /** Nodes that a deal still owes something, or that have not handed in all receipts yet. */
  async unpaidNodes(id: DealId, signal?: AbortSignal): Promise<readonly Address[]> {
    const call: JsonCall = { method: 'GET', url: `/v1/deals/${id}/money`, signal };
    const { allocations } = await this.#call(call, moneySchema);
    return allocations.filter(({ outstanding }) => outstanding != null).map(({ node }) => node);
  }

  /** Deals of a publisher, newest first. */
  dealsBy(
    publisher: Address,
    page: { readonly state?: string | undefined; readonly offset: number; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<DealsPage> {
    const query = new URLSearchParams({ publisher, offset: String(page.offset), limit: String(page.limit) });
    if (page.state !== undefined) query.set('state', page.state);
    return this.#call({ method: 'GET', url: `/v1/deals?${query.toString()}`, signal }, dealsPageSchema);
  }

  /** Which nodes to take and what to escrow. Changes nothing. */
  quote(request: QuoteRequest, signal?: AbortSignal): Promise<Quote> {
    const body = {
      bytes: request.bytes,
      expectedDeliveryBytes: Number(request.expectedDeliveryBytes),
      replicas: request.replicas,
      regions: request.regions,
      serviceLevel: request.serviceLevel,
      maxRatePerGiB: request.maxRatePerGiB?.toString(),
      days: request.days,
      peakViewers: request.peakViewers,
      bitrate: request.bitrate,
    };
    return this.#call({ method: 'POST', url: '/v1/quotes', body, signal, repeatable: true }, quoteSchema);
  }

  /** Has the coordinator make the two keys that a deal is opened with. */
  coordinatorKeys(publisher: Address, signal?: AbortSignal): Promise<CoordinatorKeys> {
    return this.#call(
      { method: 'POST', url: '/v1/coordinator/keys', body: { publisher }, signal },
      keysSchema,
    );
  }

  /** Says whom a deal is for, as its publisher signed it. */
  async declareAudience(message: AudienceMessage, signal?: AbortSignal): Promise<void> {
    const { dealId: deal, ...body } = message;
    const call: JsonCall = { method: 'POST', url: `/v1/deals/${deal}/audience`, body, signal };
    await this.#call({ ...call, repeatable: true }, audienceSchema);
  }

  /** Says where nodes can have the content of a deal, as its publisher signed it. */
  async declareOrigin({ origin, signature }: SignedContentOrigin, signal?: AbortSignal): Promise<void> {
    const { dealId: deal, bytes, issuedAt, ...texts } = origin;
    const body = {
      ...{ ...texts, bytes: Number(bytes), issuedAt: Number(issuedAt) },
      signature: base64UrlEncode(signature),
    };
    const call: JsonCall = { method: 'POST', url: `/v1/deals/${deal}/origin`, body, signal };
    await this.#call({ ...call, repeatable: true }, originSchema);
  }

  /** Where nodes can have the content of a deal. Whoever uses it checks the publisher's signature. */
  contentOrigin(deal: DealId, signal?: AbortSignal): Promise<SignedContentOrigin> {
    return this.#call({ method: 'GET', url: `/v1/deals/${deal}/origin`, signal }, originSchema);
  }

  /** Says how far the peers of a deal serve, as its publisher signed it (sdk/publish/peer-reach.ts). */
  async declarePeerReach(message: PeerReachMessage, signal?: AbortSignal): Promise<void> {
    const { dealId: deal, ...body } = message;
    const call: JsonCall = { method: 'POST', url: `/v1/deals/${deal}/peer-reach`, body, signal };
    await this.#call({ ...call, repeatable: true }, reachSchema);
  }

  challenge(viewerKey: Address, signal?: AbortSignal): Promise<Challenge> {
    const call: JsonCall = { method: 'POST', url: '/v1/viewers/challenge', body: { viewerKey }, signal };
    return this.#call({ ...call, repeatable: true }, challengeSchema);
  }

  /** Not repeated by itself: the nonce is good once. */
  grants(request: GrantsRequest, signal?: AbortSignal): Promise<GrantsAnswer> {
    const { admission } = request;
    const body = {
      dealId: request.dealId,
      viewerKey: request.viewerKey,
      nonce: request.nonce,
      expiresAt: request.expiresAt,
      signature: base64UrlEncode(request.signature),
      capBytes: request.capBytes?.toString(),
      nodes: request.nodes,
      region: request.region,
      domain: request.domainLabel,
      admission: admission && { expiresAt: admission.expiresAt, signature: admission.signature },
      ...(request.nextEpoch === true && { epoch: 'next' }),
    };
    return this.#call({ method: 'POST', url: '/v1/grants', body, signal }, grantsSchema);
  }

  /** Hands receipts over that their nodes cannot take. */
  async deliverReceipts(
    pairs: readonly ReceiptWithGrant[],
    signal?: AbortSignal,
  ): Promise<Acknowledgement[]> {
    const body = { receipts: base64UrlEncode(encodeReceiptsWithGrants(pairs)) };
    const call: JsonCall = {
      method: 'POST',
      url: '/v1/receipts',
      body,
      signal,
      timeoutMs: RECEIPT_TIMEOUT_MS,
    };
    return (await this.#call({ ...call, repeatable: true }, acknowledgementsSchema)).acknowledged;
  }

  /** The request that `deliverReceipts` makes, for whom nobody will answer any more: a page that is being closed. */
  receiptsRequest(pairs: readonly ReceiptWithGrant[]): { readonly url: string; readonly body: string } {
    const body = { receipts: base64UrlEncode(encodeReceiptsWithGrants(pairs)) };
    return { url: `${this.#base}/v1/receipts`, body: JSON.stringify(body) };
  }

  #call<T extends z.ZodTypeAny>(call: JsonCall, schema: T): Promise<z.output<T>> {
    return callJson(this.#components, { ...call, url: this.#base + call.url }, schema);
  }
}

/** The signing domain of a network. */
export function domainOf(network: Network): Domain {
  return { chainId: network.chainId, verifyingContract: network.market };
}
