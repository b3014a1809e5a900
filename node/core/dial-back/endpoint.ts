import { formatIp4, formatIp6, parseIp4, parseIp6 } from '../one-hop-ring/ip-text.ts';

/** An endpoint of the registry that can be dialled: a gateway, or a libp2p address. */
export interface DialledEndpoint {
  readonly plane: 'http' | 'libp2p';
  readonly host: { readonly kind: 'ip4' | 'ip6' | 'dns'; readonly name: string };
  readonly port: number;
  /** Of a libp2p address. */
  readonly webSocket: boolean;
}

const ENDPOINT =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]{1,253})\/tcp\/(\d{1,5})(?:\/(http)|(\/ws)?\/p2p\/[1-9A-HJ-NP-Za-km-z]{1,64})$/;

/** Reads an endpoint; undefined for every other multiaddr: relays, other transports, unknown components. */
export function parseEndpoint(text: string): DialledEndpoint | undefined {
  const [, kind, name, portText, http, ws] = ENDPOINT.exec(text) ?? [];
  if (kind === undefined || name === undefined || portText === undefined) return undefined;
  const port = Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  const host = { kind: kind === 'ip4' || kind === 'ip6' ? kind : 'dns', name } as const;
  if (host.kind !== 'dns' && canonicalAddress(name) === undefined) return undefined;
  return { plane: http === undefined ? 'libp2p' : 'http', host, port, webSocket: ws !== undefined };
}

const MAPPED_IP4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** One text for each address, IPv4 in IPv6 as IPv4; undefined for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  const ip4 = parseIp4(MAPPED_IP4.exec(text)?.[1] ?? text);
  if (ip4 !== undefined) return formatIp4(ip4);
  const ip6 = parseIp6(text.toLowerCase());
  return ip6 === undefined ? undefined : formatIp6(ip6);
}
