import { LRUCache } from 'lru-cache';

import { ClientError } from '../../../sdk/client/client-error.ts';
import {
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../../../sdk/protocol/content-origin.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import type { Address, DealId } from '../../../sdk/protocol/identifiers.ts';
import { signerOf, type Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { NodeLog } from '../node-log.ts';

/** Deals whose origins are remembered. */
const MAX_KNOWN_ORIGINS = 100_000;
/** A publisher's word is asked for again after so long: it may have been changed or taken back. */
const KNOWN_MS = 60_000;
/** That there is none, or that the coordinator does not answer, is believed for so long. */
const UNKNOWN_MS = 3_000;
/** The coordinator answers in this time, or what was known last goes on. */
const ASK_TIMEOUT_MS = 3_000;

/** A deal as far as its origin is concerned. */
export interface OriginDeal {
  readonly dealId: DealId;
  readonly publisher: Address;
}

export interface KnownOriginsParts {
  /** Asks the coordinator. @throws ClientError */
  readonly ask: (dealId: DealId, signal: AbortSignal) => Promise<SignedContentOrigin>;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly log: NodeLog;
}

interface Known {
  readonly origin: ContentOrigin | undefined;
  readonly untilMs: number;
}

/**
 * Where publishers say that their contents are: asked from the coordinator, believed only with the publisher's own
 * signature. While the coordinator is away, what it said last goes on.
 */
export class KnownOrigins {
  readonly #parts: KnownOriginsParts;
  readonly #known = new LRUCache<DealId, Known>({ max: MAX_KNOWN_ORIGINS });
  readonly #asking = new Map<DealId, Promise<ContentOrigin | undefined>>();

  constructor(parts: KnownOriginsParts) {
    this.#parts = parts;
  }

  /** The origin of a deal, asked for if need be. */
  async of(deal: OriginDeal): Promise<ContentOrigin | undefined> {
    const known = this.#known.get(deal.dealId);
    if (known !== undefined && known.untilMs > this.#parts.clock.nowMs()) return known.origin;
    const asking = this.#asking.get(deal.dealId) ?? this.#ask(deal, known?.origin);
    this.#asking.set(deal.dealId, asking);
    return asking;
  }

  async #ask(deal: OriginDeal, last: ContentOrigin | undefined): Promise<ContentOrigin | undefined> {
    const { ask, clock, log } = this.#parts;
    const { dealId } = deal;
    let known: Known;
    try {
      const signed = await ask(dealId, AbortSignal.timeout(ASK_TIMEOUT_MS));
      const origin = this.#believed(deal, signed);
      known = { origin, untilMs: clock.nowMs() + (origin === undefined ? UNKNOWN_MS : KNOWN_MS) };
    } catch (error) {
      // Whatever the coordinator does, content is still had from other nodes.
      const none = error instanceof ClientError && error.values['refusal'] === 'ORIGIN_NOT_FOUND';
      if (!none) log.debug({ dealId, error }, 'The coordinator did not say whether the deal has an origin');
      known = { origin: none ? undefined : last, untilMs: clock.nowMs() + UNKNOWN_MS };
    } finally {
      this.#asking.delete(dealId);
    }
    this.#known.set(dealId, known);
    return known.origin;
  }

  #believed(deal: OriginDeal, { origin, signature }: SignedContentOrigin): ContentOrigin | undefined {
    const { secp256k1, domain, log } = this.#parts;
    const { dealId, publisher } = deal;
    try {
      requireOriginForm(origin);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      log.warn({ dealId, ...error.values }, 'The coordinator gave an origin that is not well-formed');
      return undefined;
    }
    const signer = signerOf(secp256k1, contentOriginDigest(domain, origin), signature);
    if (signer === publisher && origin.dealId === dealId) return origin.kind === 'none' ? undefined : origin;
    log.warn(
      { dealId, publisher, signer },
      'The coordinator gave an origin that the publisher has not signed',
    );
    return undefined;
  }
}
