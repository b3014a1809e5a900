import {
  addressWord,
  bytes32Word,
  structHash,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import type { Address, ContentRoot } from './identifiers.ts';

/** A peer's word that it holds a content whole and serves it to viewers, for a short time. Never goes on chain. */
export interface PeerHolding {
  readonly peer: Address;
  readonly contentRoot: ContentRoot;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** Longest time from an announcement to its expiry: so long a peer that went away without a word is still offered. */
export const MAX_HOLDING_SECONDS = 300;
/** Holdings announced in one request. */
export const MAX_HOLDINGS_PER_REQUEST = 64;

const PEER_HOLDING_TYPE_HASH = typeHash('PeerHolding(address peer,bytes32 contentRoot,uint64 expiresAt)');

export function peerHoldingDigest(domain: Domain, holding: PeerHolding): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      PEER_HOLDING_TYPE_HASH,
      addressWord(holding.peer),
      bytes32Word(holding.contentRoot),
      uintWord(holding.expiresAt),
    ),
  );
}
