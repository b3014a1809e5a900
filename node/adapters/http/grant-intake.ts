import { LRUCache } from 'lru-cache';

import { base64UrlDecode, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { decodeSignedGrant, grantDigest, type Grant, type SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { Address, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { Reservation } from '../../core/delivery/reservation.ts';
import { dealTerms } from './deal-terms.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_KNOWN_GRANTS } from './gateway-limits.ts';

/** A grant that the ledger has opened for the client of a request. */
export interface OpenGrant {
  readonly grantHash: GrantHash;
  readonly grant: Grant;
}

/** Turns the grant header of a request into an open session of the ledger. */
export class GrantIntake {
  readonly #components: GatewayComponents;
  /** Headers whose signature was checked: the text of a header names one signed grant only. */
  readonly #known = new LRUCache<string, OpenGrant>({ max: MAX_KNOWN_GRANTS });

  constructor(components: GatewayComponents) {
    this.#components = components;
  }

  /**
   * @param header base64url of a signed grant
   * @throws GatewayError GRANT_MALFORMED; DeliveryError GRANT_*, ALLOCATION_*, …; StorageError JOURNAL_*
   */
  async open(header: string): Promise<OpenGrant> {
    const known = this.#known.get(header);
    if (known !== undefined && this.#components.ledger.state(known.grantHash) !== undefined) return known;
    const opened = await this.#openNew(decodeGrantHeader(header));
    this.#known.set(header, opened);
    return opened;
  }

  /** Sets bytes of the grant aside. @throws DeliveryError GRANT_*, CREDIT_EXHAUSTED, ALLOCATION_*, … */
  async reserve({ grantHash, grant }: OpenGrant, bytes: number): Promise<Reservation> {
    const { ledger, clock, journal } = this.#components;
    // What cannot be written down cannot be earned: nothing is given on credit then.
    if (journal.refusal !== undefined && journal.refusal.code !== 'JOURNAL_FULL') throw journal.refusal;
    const { allocation } = await dealTerms(this.#components.deals, grant.dealId);
    const nowSeconds = clock.nowMs() / 1000;
    const outcome = ledger.reserve({ grantHash, bytes, allocation, nowSeconds });
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  async #openNew(signedGrant: SignedGrant): Promise<OpenGrant> {
    const { ledger, journal, domain, clock, log } = this.#components;
    const { grant } = signedGrant;
    const digest = grantDigest(domain, grant);
    const grantHash = parseGrantHash(bytesToHex(digest));
    const signer = this.#signerOf(digest, signedGrant);
    if (journal.refusal !== undefined) throw journal.refusal;
    const { deal, allocation } = await dealTerms(this.#components.deals, grant.dealId);
    const nowSeconds = clock.nowMs() / 1000;
    const outcome = ledger.open({ grantHash, grant, signer, deal, allocation, nowSeconds });
    if (!outcome.ok) throw outcome.error;
    journal.appendGrant(grantHash, signedGrant).catch((error: unknown) => {
      log.error({ grantHash, error }, 'a grant could not be journaled; paid service pauses until it can');
    });
    return { grantHash, grant };
  }

  #signerOf(digest: Uint8Array, { signature, grant }: SignedGrant): Address {
    try {
      return this.#components.secp256k1.recover(digest, signature);
    } catch (cause) {
      throw new GatewayError(403, 'GRANT_BAD_SIGNATURE', {
        message: 'The signature of the grant is not valid.',
        values: { dealId: grant.dealId },
        remedy: 'Ask the coordinator of the deal for a new grant.',
        cause,
      });
    }
  }
}

function decodeGrantHeader(header: string): SignedGrant {
  try {
    return decodeSignedGrant(base64UrlDecode(header));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new GatewayError(400, 'GRANT_MALFORMED', {
      message: `The bcdn-grant header cannot be decoded: ${cause.message}`,
      values: { reason: cause.code, ...cause.values },
      remedy: 'Send the grant as the coordinator gave it, base64url without padding.',
      cause,
    });
  }
}
