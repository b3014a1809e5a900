import { contactOfAddress } from '../../adapters/libp2p/ring-peer-id.ts';
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES } from '../../core/one-hop-ring/limits.ts';
import type { RingContact } from '../../core/one-hop-ring/ring-ports.ts';
import { RingNodeError } from './ring-node-error.ts';

/** What a host appends to its addresses, unless it is reached through a relay. */
const OWN_PEER_ID = /(?<!\/p2p-circuit)\/p2p\/[^/]+$/;

/** @param address a multiaddr that ends in `/p2p/<peer id>` @throws RingNodeError RING_SEED_MALFORMED */
export function parseSeed(address: string): RingContact {
  const contact = contactOfAddress(address);
  if (contact !== undefined) return contact;
  throw new RingNodeError('RING_SEED_MALFORMED', {
    message: 'A seed of the ring is not a multiaddr of an Ed25519 peer.',
    remedy: 'Give seeds as /ip4/…/tcp/…/p2p/12D3Koo….',
    values: { address },
  });
}

/** As many as a record may carry: a host with many interfaces listens on more. The peer id is known by the registry. */
export function fittingAddresses(addresses: readonly string[]): string[] {
  return addresses
    .map((address) => address.replace(OWN_PEER_ID, ''))
    .filter((address) => address.length <= MAX_ADDRESS_BYTES)
    .slice(0, MAX_ADDRESSES);
}
