import { grantRequestDigest, type GrantRequest } from '../protocol/authorisation.ts';
import type { Domain } from '../protocol/eip712.ts';
import { grantHashOf } from '../protocol/grant.ts';
import type { Address, ContentRoot, DealId } from '../protocol/identifiers.ts';
import { receiptDigest, type SignedReceipt } from '../protocol/receipt.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { ClientError } from './client-error.ts';
import type { Clock } from '../pacing/clock.ts';
import { httpOriginOf } from './endpoint.ts';
import type { GivenAdmission } from './given-admission.ts';
import { GrantAccount } from './grant-account.ts';
import type { Challenge, GrantsAnswer } from './marketplace-answers.ts';
import type { MarketplaceApi } from './marketplace-api.ts';

/** Which grants are asked for. */
export interface GrantAsk {
  /** Pays for them. @default the deal of the identity */
  readonly dealId?: DealId | undefined;
  /** Only these nodes. @default the coordinator chooses */
  readonly nodes?: readonly Address[] | undefined;
  readonly capBytes?: bigint | undefined;
  readonly nextEpoch?: boolean | undefined;
  /** A challenge for this viewer's key that was asked for before. @default one is asked for */
  readonly challenge?: Promise<Challenge> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A grant with where to use it. */
export interface IssuedGrant {
  readonly node: Address;
  /** @default edge */
  readonly role?: 'edge' | 'peer';
  readonly region: string;
  /** HTTP interface of the node; undefined if it announces none. */
  readonly origin: string | undefined;
  /** Where it can be reached, as the registry has it: multiaddrs or URLs, not checked yet. */
  readonly endpoints: readonly string[];
  readonly account: GrantAccount;
}

/** The viewer's side of the deals of one content: what it signs, and nothing else holds its key. */
export interface ViewerIdentity {
  readonly domain: Domain;
  /** Pays where no other deal is named. */
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
  /** 32 bytes; never leaves this object. */
  readonly privateKey: Uint8Array;
  /** Shown with each request for grants. @default none: the deal is open to everybody */
  readonly admission?: GivenAdmission | undefined;
  /** Where the viewer is: peers of its domain and the nearest edges come first. @default unknown */
  readonly region?: string | undefined;
  /** Provider or site inside the region, where peers exchange directly. @default none */
  readonly domainLabel?: string | undefined;
}

/** Asks the coordinator for grants and signs receipts with the viewer's key (PAYMENT.md, messages). */
export class ViewerSession {
  readonly #api: MarketplaceApi;
  readonly #secp256k1: Secp256k1;
  readonly #clock: Clock;
  readonly #identity: ViewerIdentity;
  readonly viewerKey: Address;

  constructor(
    components: { readonly api: MarketplaceApi; readonly secp256k1: Secp256k1; readonly clock: Clock },
    identity: ViewerIdentity,
  ) {
    this.#api = components.api;
    this.#secp256k1 = components.secp256k1;
    this.#clock = components.clock;
    this.#identity = identity;
    this.viewerKey = components.secp256k1.addressOf(identity.privateKey);
  }

  /**
   * Proves that it holds its key and takes what is issued.
   * @throws ClientError MARKETPLACE_REFUSED, GRANT_INVALID, UNREACHABLE, STALLED, ANSWER_INVALID
   */
  async requestGrants(ask: GrantAsk): Promise<IssuedGrant[]> {
    const { domain, privateKey, admission, region, domainLabel } = this.#identity;
    const { signal, challenge, dealId = this.#identity.dealId, ...wishes } = ask;
    const { nonce, expiresAt } = await (challenge ?? this.#api.challenge(this.viewerKey, signal));
    const request: GrantRequest = { viewerKey: this.viewerKey, dealId, nonce, expiresAt: BigInt(expiresAt) };
    const signature = this.#secp256k1.sign(grantRequestDigest(domain, request), privateKey);
    const { viewerKey } = this;
    const answer = await this.#api.grants(
      { dealId, viewerKey, nonce, expiresAt, signature, admission, region, domainLabel, ...wishes },
      signal,
    );
    return answer.grants.map((issued) => this.#taken(issued, { answer, dealId }));
  }

  /** The viewer's word over verified bytes of a grant. */
  signReceipt(account: GrantAccount, bytes: number): SignedReceipt {
    const receipt = { grantHash: account.grantHash, bytesCumulative: BigInt(bytes) };
    const digest = receiptDigest(this.#identity.domain, receipt);
    return { receipt, signature: this.#secp256k1.sign(digest, this.#identity.privateKey) };
  }

  #taken(
    issued: GrantsAnswer['grants'][number],
    { answer, dealId }: { readonly answer: GrantsAnswer; readonly dealId: DealId },
  ): IssuedGrant {
    const { grant } = issued.grant;
    const { contentRoot, domain } = this.#identity;
    const expected = {
      node: issued.node,
      viewerKey: this.viewerKey,
      dealId,
      contentRoot,
      epoch: answer.epoch,
    };
    for (const [field, value] of Object.entries(expected)) {
      const actual = grant[field as keyof typeof expected];
      if (actual !== value) throw wrongGrant(field, value, actual);
    }
    const endsAtMs =
      answer.epochEndsInMs === undefined
        ? answer.epochEndsAt * 1000
        : this.#clock.nowMs() + answer.epochEndsInMs;
    const account = new GrantAccount(grantHashOf(domain, grant), issued.grant, endsAtMs);
    const { node, role, region, endpoints } = issued;
    return { node, role, region, origin: httpOriginOf(endpoints), endpoints, account };
  }
}

function wrongGrant(field: string, expected: string | number, actual: string | number): ClientError {
  return new ClientError(
    'GRANT_INVALID',
    `The coordinator issued a grant with another ${field} than was asked for.`,
    {
      values: { field, expected, actual },
      remedy: 'Report this to the operator of the marketplace.',
    },
  );
}
