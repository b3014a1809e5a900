import { kadDHT, passthroughMapper, type KadDHT } from '@libp2p/kad-dht';
import { multiaddr } from '@multiformats/multiaddr';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import { sha256 } from 'multiformats/hashes/sha2';

import type { LookupNode } from './lookup-node.ts';
import { benchEdge } from './drawn-positions.ts';
import { loopbackHost } from './loopback-host.ts';

const QUERY_TIMEOUT_MS = 20_000;

/**
 * A server of `@libp2p/kad-dht` with its defaults (k = 20, α = 10). Two settings differ: private addresses are kept,
 * for the network is on one machine, and it is a server at once instead of after proving a public address.
 */
export async function kadLookupNode(number: number): Promise<LookupNode> {
  const { key: privateKey } = await benchEdge(number);
  const host = await loopbackHost<{ dht: KadDHT }>(privateKey, {
    dht: kadDHT({ protocol: '/bcdn/bench/kad/1.0.0', peerInfoMapper: passthroughMapper, clientMode: false }),
  });
  const { dht } = host.services;
  await dht.setMode('server');
  const signal = (): AbortSignal => AbortSignal.timeout(QUERY_TIMEOUT_MS);
  return {
    addresses: host.getMultiaddrs().map(String),
    join: async (contacts) => {
      for (const contact of contacts) await host.dial(multiaddr(contact), { signal: signal() });
    },
    warm: async () => {
      await dht.refreshRoutingTable({ signal: signal() });
      const own = host.peerId.toMultihash().bytes;
      for await (const event of dht.getClosestPeers(own, { signal: signal() })) void event;
    },
    view: () => {
      const connections = host.getConnections().length;
      return { known: host.getPeers().length + 1, connections, heldKeys: 0 };
    },
    provide: async (key) => {
      for await (const event of dht.provide(cidOf(key), { signal: signal() })) void event;
    },
    lookup: async (key) => {
      let rpcs = 0;
      // The first provider counts; leaving the loop ends the query.
      for await (const event of dht.findProviders(cidOf(key), { signal: signal() })) {
        if (event.name === 'SEND_QUERY') rpcs += 1;
        if (event.name === 'PROVIDER' && event.providers.length > 0) return { found: true, rpcs };
        if (event.name === 'PEER_RESPONSE' && event.providers.length > 0) return { found: true, rpcs };
      }
      return { found: false, rpcs };
    },
    stop: async () => host.stop(),
  };
}

/** Content names of the ring are SHA-256 digests already. */
function cidOf(key: Uint8Array): CID {
  return CID.createV1(raw.code, createDigest(sha256.code, key));
}
