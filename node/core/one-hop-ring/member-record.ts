import { addressFromBytes, identifierBytes, type Address } from '../../../sdk/protocol/identifiers.ts';
import { concatBytes, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  MAX_ADDRESSES,
  MAX_ADDRESS_BYTES,
  MAX_REGION_BYTES,
  OPERATOR_BYTES,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from './limits.ts';
import { RingError } from './ring-error.ts';
import type { ByteReader } from './wire-primitives.ts';
import { ByteWriter } from './wire-primitives.ts';

const RECORD_VERSION = 1;
const DOMAIN = 'bcdn ring member record 1\n';

/** What a member says about itself; its signature covers all of it (SPEC.md, member record). */
export interface MemberClaim {
  /** Raw Ed25519 public key of the libp2p host. */
  readonly publicKey: Uint8Array;
  readonly operator: Address;
  readonly region: string;
  /** Only the member itself raises it; the highest wins. uint32. */
  readonly incarnation: number;
  /** The member says goodbye. */
  readonly departed: boolean;
  /** Multiaddrs under which the member's ring protocol is reached. */
  readonly addresses: readonly string[];
}

export interface MemberRecord extends MemberClaim {
  readonly signature: Uint8Array;
  /** The exact bytes on the wire, signature included. */
  readonly encoded: Uint8Array;
}

function encodeClaim(claim: MemberClaim): Uint8Array {
  const writer = new ByteWriter()
    .uint8(RECORD_VERSION)
    .raw(claim.publicKey)
    .raw(identifierBytes(claim.operator))
    .text(claim.region)
    .uint32(claim.incarnation)
    .uint8(claim.departed ? 1 : 0);
  writeAddresses(writer, claim.addresses);
  return writer.finish();
}

/** The bytes that a member signs: bound to one network, so a record means nothing in another. */
function signedBytes(network: string, body: Uint8Array): Uint8Array {
  return concatBytes(utf8ToBytes(`${DOMAIN}${network}\n`), body);
}

/** Signs a claim. The claim must respect the limits, or no receiver accepts it. */
export function signMemberRecord(
  claim: MemberClaim,
  network: string,
  sign: (message: Uint8Array) => Uint8Array,
): MemberRecord {
  const body = encodeClaim(claim);
  const signature = sign(signedBytes(network, body));
  return { ...claim, signature, encoded: concatBytes(body, signature) };
}

export function verifyMemberRecord(
  record: MemberRecord,
  network: string,
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
): boolean {
  const body = record.encoded.subarray(0, record.encoded.length - SIGNATURE_BYTES);
  return verify(record.publicKey, signedBytes(network, body), record.signature);
}

/** @throws RingError RING_WIRE_* for anything but a well-formed record */
export function readMemberRecord(reader: ByteReader): MemberRecord {
  const start = reader.offset;
  const version = reader.uint8();
  if (version !== RECORD_VERSION) {
    throw new RingError('RING_WIRE_VERSION_UNKNOWN', `Member record version ${version}.`, { version });
  }
  const publicKey = reader.raw(PUBLIC_KEY_BYTES);
  const operator = addressFromBytes(reader.raw(OPERATOR_BYTES));
  const region = reader.ascii(MAX_REGION_BYTES, 'region');
  const incarnation = reader.uint32();
  const departed = reader.bounded(reader.uint8(), 1, 'departed flag') === 1;
  const addresses = readAddresses(reader);
  const signature = reader.raw(SIGNATURE_BYTES);
  const encoded = reader.since(start);
  return { publicKey, operator, region, incarnation, departed, addresses, signature, encoded };
}

export function writeAddresses(writer: ByteWriter, addresses: readonly string[]): void {
  writer.uint8(addresses.length);
  for (const address of addresses) writer.text(address);
}

export function readAddresses(reader: ByteReader): string[] {
  const count = reader.bounded(reader.uint8(), MAX_ADDRESSES, 'number of addresses');
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) {
    const address = reader.ascii(MAX_ADDRESS_BYTES, 'address');
    if (!address.startsWith('/')) {
      throw new RingError('RING_WIRE_VALUE_INVALID', 'An address is not a multiaddr.', { index: i });
    }
    addresses.push(address);
  }
  return addresses;
}
