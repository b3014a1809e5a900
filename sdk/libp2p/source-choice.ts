import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';

import type { NodePlace, OpenSource } from '../client/block-source.ts';
import { HttpBlockSource } from '../client/http-block-source.ts';
import type { HttpExchange } from '../client/http-exchange.ts';
import { deliveryProtocol } from './delivery-protocol.ts';
import { Libp2pBlockSource, type HostOrOpen, type Libp2pPlace } from './libp2p-block-source.ts';

/** How nodes are reached: over HTTP where they announce it and libp2p otherwise, or by one of both only. */
export type Transport = 'auto' | 'http' | 'libp2p';

/** Longest endpoint that is read, and how many of a node. */
const MAX_ENDPOINT_LENGTH = 256;
const MAX_ENDPOINTS = 8;

/**
 * Chooses between HTTP and libp2p for each node. HTTP comes first: it costs less processor time for a byte
 * (`node/adapters/libp2p/README.md`).
 *
 * @example
 * const host = await createViewerHost();
 * const http = new UndiciExchange();
 * await fetchContent(request, { components: { http, openSource: chooseSource({ http, host }, 'auto') } });
 */
export function chooseSource(
  components: { readonly http: HttpExchange; readonly host: HostOrOpen },
  transport: Transport,
): OpenSource {
  return ({ origin, endpoints }, domain) => {
    if (origin !== undefined && transport !== 'libp2p') return new HttpBlockSource(components.http, origin);
    const place = transport === 'http' ? undefined : libp2pPlaceOf(endpoints);
    return place && new Libp2pBlockSource(components, place, { protocol: deliveryProtocol(domain) });
  };
}

/** The libp2p addresses among a node's endpoints, TCP before WebSocket; undefined if there is none. */
export function libp2pPlaceOf(endpoints: NodePlace['endpoints']): Libp2pPlace | undefined {
  const known = endpoints.slice(0, MAX_ENDPOINTS).flatMap((endpoint) => {
    const peerId = peerOf(endpoint);
    return peerId === undefined ? [] : [{ peerId, endpoint }];
  });
  const [first] = known;
  if (first === undefined) return undefined;
  const addresses = known.filter(({ peerId }) => peerId === first.peerId).map(({ endpoint }) => endpoint);
  const isWebSocket = (address: string): boolean => /\/wss?\//.test(address);
  return {
    peerId: first.peerId,
    addresses: addresses.toSorted((a, b) => Number(isWebSocket(a)) - Number(isWebSocket(b))),
  };
}

/** The peer that a multiaddr ends in; undefined for what is no libp2p address. */
function peerOf(endpoint: string): string | undefined {
  if (endpoint.length > MAX_ENDPOINT_LENGTH || !endpoint.includes('/p2p/')) return undefined;
  try {
    const id = multiaddr(endpoint)
      .getComponents()
      .findLast(({ name }) => name === 'p2p')?.value;
    return id === undefined ? undefined : peerIdFromString(id).toString();
  } catch (error) {
    // Not a multiaddr, or not a peer id: to the caller both mean that it cannot be dialled.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
