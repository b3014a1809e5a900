import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';

import type { RingContact } from '../../core/one-hop-ring/ring-ports.ts';

/** The raw Ed25519 key of a peer; undefined for peers with keys of another kind, which the ring does not know. */
export function ringKeyOfPeer(peer: PeerId): Uint8Array | undefined {
  return peer.type === 'Ed25519' ? peer.publicKey.raw : undefined;
}

/** The peer with this raw Ed25519 key. */
export function peerOfRingKey(publicKey: Uint8Array): PeerId {
  const key = publicKeyFromRaw(publicKey);
  return peerIdFromPublicKey(key);
}

/** A multiaddr that ends in `/p2p/<peer id>` as a contact; undefined if it is anything else. */
export function contactOfAddress(address: string): RingContact | undefined {
  try {
    const id = multiaddr(address)
      .getComponents()
      .findLast((component) => component.name === 'p2p')?.value;
    const publicKey = id === undefined ? undefined : ringKeyOfPeer(peerIdFromString(id));
    return publicKey === undefined ? undefined : { publicKey, addresses: [address] };
  } catch (error) {
    // Not a multiaddr, or not a peer id: to the caller both mean that there is no contact in it.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
