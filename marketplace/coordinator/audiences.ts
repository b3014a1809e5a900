import {
  admissionDigest,
  audienceDigest,
  MAX_ADMISSION_SECONDS,
  OPEN_AUDIENCE,
} from '../../sdk/protocol/authorisation.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { findAudience, saveAudience, type AudienceRecord } from '../database/audience-ledger.ts';
import type { Database, Sql } from '../database/database.ts';
import { findDeal, type DealRecord } from '../database/deal-records.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_AUDIENCE_AHEAD_SECONDS } from '../limits.ts';

/** A publisher's audience message, as it came. */
export interface DeclaredAudience extends AudienceRecord {
  readonly dealId: DealId;
  readonly signature: Uint8Array;
}

/** What a viewer shows of its admission; the deal and the viewer key are those of its request. */
export interface ShownAdmission {
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly signature: Uint8Array;
}

/** A viewer at the door. */
export interface Applicant {
  readonly viewerKey: Address;
  /** @default none */
  readonly admission?: ShownAdmission | undefined;
}

interface AudienceComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
}

/** Why an admission does not let a viewer in. */
type AdmissionFault = 'missing' | 'expired' | 'good for too long' | 'not by the audience key for this viewer';

/**
 * Whom the publisher of a deal wants served (SPEC.md, audience). Viewer keys cost nothing: what makes them scarce is
 * that somebody who knows the viewers signs for each of them.
 */
export class Audiences {
  readonly #components: AudienceComponents;

  constructor(components: AudienceComponents) {
    this.#components = components;
  }

  /**
   * Takes a publisher's word. The one that counts already is taken once more without effect, so that a lost answer
   * costs nothing.
   * @throws MarketplaceError DEAL_NOT_FOUND, AUDIENCE_SIGNATURE_INVALID, AUDIENCE_TOO_EARLY, AUDIENCE_OUTDATED
   */
  async declare({ dealId, audienceKey, issuedAt, signature }: DeclaredAudience): Promise<void> {
    const { database, domain, secp256k1 } = this.#components;
    const deal = await findDeal(database.read, dealId);
    if (deal === undefined)
      throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
    const digest = audienceDigest(domain, { dealId, audienceKey, issuedAt: BigInt(issuedAt) });
    const signer = signerOf(secp256k1, digest, signature);
    if (signer !== deal.publisher) {
      throw new MarketplaceError(
        'AUDIENCE_SIGNATURE_INVALID',
        'Only the publisher of a deal names its audience, and it has not signed this message.',
        { dealId, publisher: deal.publisher, signer: signer ?? 'nobody' },
      );
    }
    const nowSeconds = this.#nowSeconds;
    if (issuedAt > nowSeconds + MAX_AUDIENCE_AHEAD_SECONDS) {
      throw new MarketplaceError('AUDIENCE_TOO_EARLY', 'The message was issued in the future.', {
        ...{ dealId, issuedAt, nowSeconds, maxAheadSeconds: MAX_AUDIENCE_AHEAD_SECONDS },
      });
    }
    await database.write(async (sql) => {
      const known = await findAudience(sql, dealId);
      if (known?.issuedAt === issuedAt && known.audienceKey === audienceKey) return;
      if (known !== undefined && issuedAt <= known.issuedAt) {
        throw new MarketplaceError('AUDIENCE_OUTDATED', 'A message as late as this one counts already.', {
          ...{ dealId, issuedAt, knownIssuedAt: known.issuedAt, knownAudienceKey: known.audienceKey },
        });
      }
      await saveAudience(sql, dealId, { audienceKey, issuedAt });
    });
  }

  /**
   * @param sql the transaction in which something is granted @default what is committed
   * @throws MarketplaceError VIEWER_NOT_ADMITTED for a viewer that the publisher has not let in
   */
  async requireAdmitted(
    { dealId }: DealRecord,
    applicant: Applicant,
    sql: Sql = this.#components.database.read,
  ): Promise<void> {
    const audience = await findAudience(sql, dealId);
    if (audience === undefined || audience.audienceKey === OPEN_AUDIENCE) return;
    const { audienceKey } = audience;
    const nowSeconds = this.#nowSeconds;
    const fault = this.#fault({ dealId, audienceKey, nowSeconds }, applicant);
    if (fault === undefined) return;
    throw new MarketplaceError(
      'VIEWER_NOT_ADMITTED',
      `The publisher grants only to viewers that it has admitted; the admission is ${fault}.`,
      {
        ...{ dealId, viewerKey: applicant.viewerKey, audienceKey, fault, nowSeconds },
        ...(applicant.admission !== undefined && { expiresAt: applicant.admission.expiresAt }),
        maxSeconds: MAX_ADMISSION_SECONDS,
      },
    );
  }

  #fault(
    door: { readonly dealId: DealId; readonly audienceKey: Address; readonly nowSeconds: number },
    { viewerKey, admission }: Applicant,
  ): AdmissionFault | undefined {
    if (admission === undefined) return 'missing';
    const { expiresAt, signature } = admission;
    if (expiresAt <= door.nowSeconds) return 'expired';
    if (expiresAt > door.nowSeconds + MAX_ADMISSION_SECONDS) return 'good for too long';
    const { domain, secp256k1 } = this.#components;
    const digest = admissionDigest(domain, {
      dealId: door.dealId,
      viewerKey,
      expiresAt: BigInt(expiresAt),
    });
    const signer = signerOf(secp256k1, digest, signature);
    return signer === door.audienceKey ? undefined : 'not by the audience key for this viewer';
  }

  get #nowSeconds(): number {
    return Math.floor(this.#components.clock.nowMs() / 1000);
  }
}
