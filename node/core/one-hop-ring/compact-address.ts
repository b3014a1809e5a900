import { MAX_ADDRESS_BYTES, MAX_ADDRESSES } from './limits.ts';
import { formatIp4, formatIp6, parseIp4, parseIp6 } from './ip-text.ts';
import { RingError } from './ring-error.ts';
import type { ByteReader, ByteWriter } from './wire-primitives.ts';

const TAG_TEXT = 0;
const TAG_IP4 = 1;
const TAG_IP6 = 2;
const NAME_TAGS = new Map([
  ['dns', 3],
  ['dns4', 4],
  ['dns6', 5],
]);
const NAME_PROTOCOLS = new Map([...NAME_TAGS].map(([protocol, tag]) => [tag, protocol]));

const TCP_ADDRESS = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(0|[1-9][0-9]{0,4})$/;
const MAX_PORT = 65_535;

/** Appends up to 15 addresses without their count: common forms in binary, others as text (SPEC.md, messages). */
export function writeAddresses(writer: ByteWriter, addresses: readonly string[]): void {
  for (const address of addresses) writeAddress(writer, address);
}

/** @throws RingError RING_WIRE_* for anything but multiaddrs within their limits */
export function readAddresses(reader: ByteReader, count: number): string[] {
  reader.bounded(count, MAX_ADDRESSES, 'number of addresses');
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) addresses.push(readAddress(reader));
  return addresses;
}

function writeAddress(writer: ByteWriter, address: string): void {
  const [, protocol = '', host = '', portText = ''] = TCP_ADDRESS.exec(address) ?? [];
  const port = Number(portText);
  const ip = protocol === 'ip4' ? parseIp4(host) : protocol === 'ip6' ? parseIp6(host) : undefined;
  const nameTag = NAME_TAGS.get(protocol);
  if (ip !== undefined && port <= MAX_PORT) {
    writer
      .uint8(protocol === 'ip4' ? TAG_IP4 : TAG_IP6)
      .raw(ip)
      .uint16(port);
  } else if (nameTag !== undefined && port <= MAX_PORT) {
    writer.uint8(nameTag).text(host).uint16(port);
  } else {
    writer.uint8(TAG_TEXT).text(address);
  }
}

function readAddress(reader: ByteReader): string {
  const tag = reader.uint8();
  if (tag === TAG_TEXT) return readText(reader);
  if (tag === TAG_IP4) return `/ip4/${formatIp4(reader.raw(4))}/tcp/${reader.uint16()}`;
  if (tag === TAG_IP6) return `/ip6/${formatIp6(reader.raw(16))}/tcp/${reader.uint16()}`;
  const protocol = NAME_PROTOCOLS.get(tag);
  if (protocol === undefined) {
    throw new RingError('RING_WIRE_VALUE_INVALID', `Unknown form of address ${tag}.`, { tag });
  }
  const host = reader.ascii(MAX_ADDRESS_BYTES, 'host name');
  if (host.length === 0 || host.includes('/')) {
    throw new RingError('RING_WIRE_VALUE_INVALID', 'A host name is empty or holds a slash.', { host });
  }
  return `/${protocol}/${host}/tcp/${reader.uint16()}`;
}

function readText(reader: ByteReader): string {
  const address = reader.ascii(MAX_ADDRESS_BYTES, 'address');
  if (!address.startsWith('/')) {
    throw new RingError('RING_WIRE_VALUE_INVALID', 'An address is not a multiaddr.', { address });
  }
  return address;
}
