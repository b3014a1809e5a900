import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** Groups of an IPv6 address that a provider hands out as a whole: 64 bits (RFC 6177, RFC 4291). */
const NETWORK_GROUPS = 4;
const MAPPED_IPV4 = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/**
 * Whom requests of an address count to. One customer has a whole IPv6 network of 2⁶⁴ addresses, each as good as another, so
 * the network counts there; an IPv4 address counts by itself, also as it looks on a socket that takes both.
 */
export function callerNetworkOf(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  return `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

function groupsOf(address: string): string[] {
  const [before = '', after] = address.toLowerCase().split('::');
  const head = before === '' ? [] : before.split(':');
  if (after === undefined) return head.map(withoutZeros);
  const tail = after === '' ? [] : after.split(':');
  const gap = Array.from({ length: Math.max(0, GROUPS - head.length - tail.length) }, () => '0');
  return [...head, ...gap, ...tail].map(withoutZeros);
}

function withoutZeros(group: string): string {
  return group.replace(/^0+(?=.)/, '');
}
