import { utf8ToBytes } from './bytes.ts';
import {
  addressWord,
  bytes32Word,
  stringWord,
  structHash,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import { ProtocolError } from './errors.ts';
import type { Address, DealId } from './identifiers.ts';

declare const brand: unique symbol;

/**
 * Part of the network inside which peers exchange directly: `<region>`, or `<region>/<label>` where the operators of a
 * site or a provider say so (SPEC.md, network domains). Two are the same only if their texts are.
 */
export type NetworkDomain = string & { readonly [brand]: 'NetworkDomain' };

/** Names a provider or a site inside a region, e.g. `as3320` or `campus-7`. */
export const DOMAIN_LABEL = /^[a-z0-9](?:[a-z0-9.-]{0,30}[a-z0-9])?$/;
/** A region code as the registry keeps it: bytes8. */
export const REGION_CODE = /^[a-z0-9-]{1,8}$/;

/** @param label undefined or empty if none is named @throws ProtocolError DOMAIN_INVALID */
export function networkDomainOf(region: string, label?: string): NetworkDomain {
  if (!REGION_CODE.test(region)) throw invalid('region code', region);
  if (label === undefined || label === '') return region as NetworkDomain;
  if (!DOMAIN_LABEL.test(label)) throw invalid('domain label', label);
  return `${region}/${label}` as NetworkDomain;
}

/** @throws ProtocolError DOMAIN_INVALID */
export function parseNetworkDomain(text: string): NetworkDomain {
  const slash = text.indexOf('/');
  if (slash === -1) return networkDomainOf(text);
  if (slash === text.length - 1) throw invalid('domain label', '');
  return networkDomainOf(text.slice(0, slash), text.slice(slash + 1));
}

/** A node's word which domain it is in, and whether it lends its uplink between domains. Never goes on chain. */
export interface NodePresence {
  readonly node: Address;
  /** Empty if it names none: the domain is the region of the registry then. */
  readonly label: string;
  /** Carries contents of peers to other domains (node/core/carriage/SPEC.md); only edges do. */
  readonly carries: boolean;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** Longest time from a node's word to its expiry: so long one that went away is still named as a carrier. */
export const MAX_PRESENCE_SECONDS = 300;

const NODE_PRESENCE_TYPE_HASH = typeHash(
  'NodePresence(address node,string label,bool carries,uint64 expiresAt)',
);

/** Signed by the node's operator. */
export function nodePresenceDigest(domain: Domain, presence: NodePresence): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      NODE_PRESENCE_TYPE_HASH,
      addressWord(presence.node),
      stringWord(presence.label),
      uintWord(presence.carries ? 1 : 0),
      uintWord(presence.expiresAt),
    ),
  );
}

/** A publisher's word whether its peers serve viewers of other domains directly. Never goes on chain. */
export interface PeerReach {
  readonly dealId: DealId;
  /** Peers of any domain are granted to any viewer; else only those of its own. */
  readonly everywhere: boolean;
  /** Unix seconds; the latest message is the one that counts. */
  readonly issuedAt: bigint;
}

const PEER_REACH_TYPE_HASH = typeHash('PeerReach(bytes32 dealId,bool everywhere,uint64 issuedAt)');

/** Signed by the deal's publisher. */
export function peerReachDigest(domain: Domain, reach: PeerReach): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      PEER_REACH_TYPE_HASH,
      bytes32Word(reach.dealId),
      uintWord(reach.everywhere ? 1 : 0),
      uintWord(reach.issuedAt),
    ),
  );
}

function invalid(what: string, text: string): ProtocolError {
  return new ProtocolError(
    'DOMAIN_INVALID',
    `Expected a ${what} of lower-case letters, digits and hyphens.`,
    {
      what,
      length: utf8ToBytes(text).length,
    },
  );
}
