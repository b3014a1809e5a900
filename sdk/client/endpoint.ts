import { ClientError } from './client-error.ts';

const HOST_PROTOCOLS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);
const HOST = /^[0-9A-Za-z.:-]{1,255}$/;
const MAX_ENDPOINT_LENGTH = 256;

/**
 * The HTTP address among a node's endpoints, which are multiaddrs such as `/ip4/192.0.2.1/tcp/8080/http`,
 * `/dns4/edge.example/tcp/443/https` or `…/tls/http`, or plain `http(s)://` URLs.
 *
 * @returns the origin without a slash at its end, or undefined if none is HTTP
 */
export function httpOriginOf(endpoints: readonly string[]): string | undefined {
  for (const endpoint of endpoints) {
    if (endpoint.length > MAX_ENDPOINT_LENGTH) continue;
    const origin = endpoint.startsWith('/') ? originOfMultiaddr(endpoint) : originOfUrl(endpoint);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

function originOfMultiaddr(multiaddr: string): string | undefined {
  const [, hostProtocol = '', host = '', transport, port = '', ...rest] = multiaddr.split('/');
  if (!HOST_PROTOCOLS.has(hostProtocol) || !HOST.test(host) || transport !== 'tcp') return undefined;
  const portNumber = Number(port);
  if (!/^\d{1,5}$/.test(port) || portNumber < 1 || portNumber > 65_535) return undefined;
  const scheme = schemeOf(rest);
  if (scheme === undefined) return undefined;
  return originOfUrl(`${scheme}://${hostProtocol === 'ip6' ? `[${host}]` : host}:${port}`);
}

function schemeOf(protocols: readonly string[]): 'http' | 'https' | undefined {
  if (protocols[0] === 'https') return 'https';
  if (protocols[0] === 'http') return 'http';
  const tls = protocols[0] === 'tls';
  return tls && protocols.includes('http') ? 'https' : undefined;
}

function originOfUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.origin : undefined;
}

/** Base of an HTTP interface that a user named. @throws ClientError ENDPOINT_INVALID */
export function httpBaseOf(url: string): string {
  if (URL.canParse(url)) {
    const { protocol, origin, pathname } = new URL(url);
    if (protocol === 'http:' || protocol === 'https:') return origin + pathname.replace(/\/+$/, '');
  }
  throw new ClientError('ENDPOINT_INVALID', `${url} is not an HTTP address.`, {
    values: { url },
    remedy: 'Give an address like http://127.0.0.1:8080.',
  });
}
