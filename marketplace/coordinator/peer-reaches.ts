import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { peerReachDigest } from '../../sdk/protocol/network-domain.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { findDeal } from '../database/deal-records.ts';
import { savePeerReach, type PeerReachRecord } from '../database/peer-reach.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_AUDIENCE_AHEAD_SECONDS } from '../limits.ts';

/** A publisher's message about its peers, as it came. */
export interface SaidPeerReach extends PeerReachRecord {
  readonly dealId: DealId;
  readonly signature: Uint8Array;
}

interface ReachComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
}

/** Learns from publishers whether their peers serve viewers of other domains directly (SPEC.md, domains). */
export class PeerReaches {
  readonly #components: ReachComponents;

  constructor(components: ReachComponents) {
    this.#components = components;
  }

  /** @throws MarketplaceError DEAL_NOT_FOUND, PEER_REACH_SIGNATURE_INVALID, PEER_REACH_OUTDATED */
  async declare({ dealId, everywhere, issuedAt, signature }: SaidPeerReach): Promise<void> {
    const { database, clock, domain, secp256k1 } = this.#components;
    const deal = await findDeal(database.read, dealId);
    if (deal === undefined)
      throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
    const digest = peerReachDigest(domain, { dealId, everywhere, issuedAt: BigInt(issuedAt) });
    const signer = signerOf(secp256k1, digest, signature);
    if (signer !== deal.publisher) {
      throw new MarketplaceError(
        'PEER_REACH_SIGNATURE_INVALID',
        'Only the publisher of a deal says how far its peers serve, and it has not signed this message.',
        { dealId, publisher: deal.publisher, signer: signer ?? 'nobody' },
      );
    }
    const latest = Math.floor(clock.nowMs() / 1000) + MAX_AUDIENCE_AHEAD_SECONDS;
    const taken =
      issuedAt <= latest &&
      (await database.write((sql) => savePeerReach(sql, dealId, { everywhere, issuedAt })));
    if (taken) return;
    throw new MarketplaceError(
      'PEER_REACH_OUTDATED',
      'The message was issued in the future, or a later one counts already.',
      { dealId, issuedAt, latest },
    );
  }
}
