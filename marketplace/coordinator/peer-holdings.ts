import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { Address, ContentRoot } from '../../sdk/protocol/identifiers.ts';
import { MAX_HOLDING_SECONDS, peerHoldingDigest } from '../../sdk/protocol/peer-holding.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { isPaidForPeers } from '../database/deal-records.ts';
import { findNode } from '../database/node-records.ts';
import { countHoldings, forgetExpiredHoldings, savePeerHolding } from '../database/peer-ledger.ts';
import { MarketplaceError, type MarketplaceErrorCode } from '../errors.ts';
import { MAX_HOLDINGS_PER_PEER } from '../limits.ts';

/** A peer's word that it holds a content, as it came. */
export interface AnnouncedHolding {
  readonly contentRoot: ContentRoot;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly signature: Uint8Array;
}

export interface TakenHoldings {
  readonly accepted: readonly ContentRoot[];
  readonly refused: readonly { readonly contentRoot: ContentRoot; readonly code: MarketplaceErrorCode }[];
}

interface HoldingComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
}

/** Learns from the peers themselves what they hold. A wrong word costs its viewers a question, and nobody money. */
export class PeerHoldings {
  readonly #components: HoldingComponents;

  constructor(components: HoldingComponents) {
    this.#components = components;
  }

  /**
   * Takes what a peer says that it holds, each with its own signature and expiry; a bad one is refused alone.
   * @throws MarketplaceError PEER_NOT_REGISTERED
   */
  async announce(peer: Address, holdings: readonly AnnouncedHolding[]): Promise<TakenHoldings> {
    const { database, clock } = this.#components;
    const node = await findNode(database.read, peer);
    if (node?.role !== 'peer' || !node.active) {
      throw new MarketplaceError('PEER_NOT_REGISTERED', 'No active peer is registered under this address.', {
        peer,
        role: node?.role ?? 'none',
      });
    }
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    return database.write(async (sql) => {
      await forgetExpiredHoldings(sql, nowSeconds);
      const accepted: ContentRoot[] = [];
      const refused: { contentRoot: ContentRoot; code: MarketplaceErrorCode }[] = [];
      for (const holding of holdings) {
        const { contentRoot, expiresAt } = holding;
        const code = this.#fault(peer, holding, nowSeconds) ?? (await this.#refusal(sql, peer, contentRoot));
        if (code !== undefined) refused.push({ contentRoot, code });
        else {
          await savePeerHolding(sql, { peer, contentRoot, expiresAtSeconds: expiresAt });
          accepted.push(contentRoot);
        }
      }
      return { accepted, refused };
    });
  }

  #fault(peer: Address, holding: AnnouncedHolding, nowSeconds: number): MarketplaceErrorCode | undefined {
    const { contentRoot, expiresAt, signature } = holding;
    if (expiresAt <= nowSeconds) return 'HOLDING_EXPIRED';
    if (expiresAt > nowSeconds + MAX_HOLDING_SECONDS) return 'HOLDING_TOO_LONG';
    const { domain, secp256k1 } = this.#components;
    const digest = peerHoldingDigest(domain, { peer, contentRoot, expiresAt: BigInt(expiresAt) });
    return signerOf(secp256k1, digest, signature) === peer ? undefined : 'SIGNATURE_INVALID';
  }

  /** Only contents whose publishers pay peers are remembered: a peer cannot fill the table with others. */
  async #refusal(
    sql: Sql,
    peer: Address,
    contentRoot: ContentRoot,
  ): Promise<MarketplaceErrorCode | undefined> {
    if (!(await isPaidForPeers(sql, contentRoot))) return 'POOL_NOT_FUNDED';
    return (await countHoldings(sql, peer)) >= MAX_HOLDINGS_PER_PEER ? 'HOLDINGS_EXHAUSTED' : undefined;
  }
}
