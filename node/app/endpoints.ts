import { isIP } from 'node:net';

/** Where the parts of a node listen, and under which hosts it is to be announced. */
export interface ListeningPoints {
  readonly httpHost: string;
  readonly httpPort: number;
  /** libp2p multiaddrs with /p2p/, as the host reports them. */
  readonly libp2pAddresses: readonly string[];
  readonly peerId: string;
  /** Empty: the listening addresses themselves. */
  readonly announceHosts: readonly string[];
}

/** Endpoints that the registry takes at most. */
const MAX_ENDPOINTS = 8;

/** Multiaddrs of a node for the registry and the ring: the HTTP gateway first, then libp2p. */
export function endpointsOf(points: ListeningPoints): string[] {
  const { announceHosts, httpHost, httpPort, libp2pAddresses, peerId } = points;
  const httpHosts = announceHosts.length > 0 ? announceHosts : [httpHost];
  const http = httpHosts.map((host) => `${hostMultiaddr(host)}/tcp/${httpPort}/http`);
  const libp2p = libp2pAddresses.flatMap((address) => {
    const full = address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`;
    if (announceHosts.length === 0) return [full];
    return announceHosts.map((host) =>
      full.replace(/^\/(ip4|ip6|dns4|dns6|dns)\/[^/]+/, hostMultiaddr(host)),
    );
  });
  return [...new Set([...http, ...libp2p])].slice(0, MAX_ENDPOINTS);
}

/** The HTTP URL of the gateway for people. */
export function httpUrlOf(points: Pick<ListeningPoints, 'httpHost' | 'httpPort' | 'announceHosts'>): string {
  const host = points.announceHosts[0] ?? points.httpHost;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${points.httpPort}`;
}

function hostMultiaddr(host: string): string {
  const kind = isIP(host);
  if (kind === 4) return `/ip4/${host}`;
  return kind === 6 ? `/ip6/${host}` : `/dns/${host}`;
}
