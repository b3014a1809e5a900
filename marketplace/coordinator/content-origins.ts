import {
  contentOriginDigest,
  requireOriginForm,
  type SignedContentOrigin,
} from '../../sdk/protocol/content-origin.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import { equalBytes } from '../../sdk/protocol/bytes.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { findDeal } from '../database/deal-records.ts';
import { findOrigin, saveOrigin } from '../database/origin-ledger.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_ORIGIN_AHEAD_SECONDS } from '../limits.ts';

interface OriginComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
}

/**
 * Where publishers say that nodes can have what they distribute (SPEC.md, origins). Kept for the nodes as it was signed:
 * they check it themselves, so this marketplace cannot send them anywhere else.
 */
export class ContentOrigins {
  readonly #components: OriginComponents;

  constructor(components: OriginComponents) {
    this.#components = components;
  }

  /**
   * Takes a publisher's word. The one that counts already is taken once more without effect, so that a lost answer
   * costs nothing.
   * @throws MarketplaceError ORIGIN_INVALID, DEAL_NOT_FOUND, ORIGIN_SIGNATURE_INVALID, ORIGIN_TOO_EARLY, ORIGIN_OUTDATED
   */
  async declare(signed: SignedContentOrigin): Promise<void> {
    const { database, domain, secp256k1 } = this.#components;
    const { origin, signature } = signed;
    const { dealId } = origin;
    requireForm(signed);
    const deal = await findDeal(database.read, dealId);
    if (deal === undefined)
      throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
    const digest = contentOriginDigest(domain, origin);
    const signer = signerOf(secp256k1, digest, signature);
    if (signer !== deal.publisher) {
      throw new MarketplaceError(
        'ORIGIN_SIGNATURE_INVALID',
        'Only the publisher of a deal says where its content is, and it has not signed this message.',
        { dealId, publisher: deal.publisher, signer: signer ?? 'nobody' },
      );
    }
    this.#requireNotAhead(dealId, Number(origin.issuedAt));
    await database.write(async (sql) => {
      const known = await findOrigin(sql, dealId);
      if (known !== undefined && equalBytes(contentOriginDigest(domain, known.origin), digest)) return;
      if (known !== undefined && origin.issuedAt <= known.origin.issuedAt) {
        throw new MarketplaceError('ORIGIN_OUTDATED', 'A message as late as this one counts already.', {
          ...{ dealId, issuedAt: Number(origin.issuedAt), knownIssuedAt: Number(known.origin.issuedAt) },
        });
      }
      await saveOrigin(sql, signed);
    });
  }

  /** @throws MarketplaceError ORIGIN_NOT_FOUND where nothing was declared, or it was taken back */
  async find(dealId: DealId): Promise<SignedContentOrigin> {
    const signed = await findOrigin(this.#components.database.read, dealId);
    if (signed !== undefined && signed.origin.kind !== 'none') return signed;
    throw new MarketplaceError('ORIGIN_NOT_FOUND', 'The publisher has named no origin for this deal.', {
      dealId,
    });
  }

  #requireNotAhead(dealId: DealId, issuedAt: number): void {
    const nowSeconds = Math.floor(this.#components.clock.nowMs() / 1000);
    if (issuedAt <= nowSeconds + MAX_ORIGIN_AHEAD_SECONDS) return;
    throw new MarketplaceError('ORIGIN_TOO_EARLY', 'The message was issued in the future.', {
      ...{ dealId, issuedAt, nowSeconds, maxAheadSeconds: MAX_ORIGIN_AHEAD_SECONDS },
    });
  }
}

function requireForm({ origin }: SignedContentOrigin): void {
  try {
    requireOriginForm(origin);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const field = String(error.values['field'] ?? '');
    throw new MarketplaceError('ORIGIN_INVALID', error.message, { dealId: origin.dealId, field }, error);
  }
}
