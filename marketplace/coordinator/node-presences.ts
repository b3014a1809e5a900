import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import {
  MAX_PRESENCE_SECONDS,
  networkDomainOf,
  nodePresenceDigest,
  type NetworkDomain,
} from '../../sdk/protocol/network-domain.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { savePresence } from '../database/node-presence.ts';
import { findNode } from '../database/node-records.ts';
import { MarketplaceError } from '../errors.ts';

/** A node's word about where it is, as it came. */
export interface SaidPresence {
  readonly node: Address;
  /** Empty if it names none. */
  readonly label: string;
  readonly carries: boolean;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly signature: Uint8Array;
}

interface PresenceComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
}

/** Learns from the nodes themselves which domain of their region they are in, and which edges carry between domains. */
export class NodePresences {
  readonly #components: PresenceComponents;

  constructor(components: PresenceComponents) {
    this.#components = components;
  }

  /**
   * @returns the node's domain
   * @throws MarketplaceError NODE_NOT_FOUND, SIGNATURE_INVALID, PRESENCE_EXPIRED; ProtocolError DOMAIN_INVALID
   */
  async announce(said: SaidPresence): Promise<NetworkDomain> {
    const { database, clock, secp256k1, domain } = this.#components;
    const { node, label, carries, expiresAt, signature } = said;
    const record = await findNode(database.read, node);
    if (record === undefined) {
      throw new MarketplaceError('NODE_NOT_FOUND', 'No node is registered under this address.', { node });
    }
    const inDomain = networkDomainOf(record.region, label);
    const digest = nodePresenceDigest(domain, { node, label, carries, expiresAt: BigInt(expiresAt) });
    if (signerOf(secp256k1, digest, signature) !== node) {
      throw new MarketplaceError('SIGNATURE_INVALID', 'The presence is not signed by the node it names.', {
        node,
      });
    }
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const inTime = expiresAt > nowSeconds && expiresAt <= nowSeconds + MAX_PRESENCE_SECONDS;
    const presence = { node, label, carries: carries && record.role === 'edge', expiresAtSeconds: expiresAt };
    if (!inTime || !(await database.write((sql) => savePresence(sql, presence)))) {
      throw new MarketplaceError('PRESENCE_EXPIRED', 'The presence has expired, or expires too late.', {
        ...{ node, expiresAt, nowSeconds, maxSeconds: MAX_PRESENCE_SECONDS },
      });
    }
    return inDomain;
  }
}
