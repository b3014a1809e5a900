import { addressFromBytes, identifierBytes, type Address } from '../../../sdk/protocol/identifiers.ts';
import {
  MAX_PROVIDER_TTL_SECONDS,
  MAX_REGION_BYTES,
  OPERATOR_BYTES,
  PUBLIC_KEY_BYTES,
  RING_ID_BYTES,
  SIGNATURE_BYTES,
} from './limits.ts';
import { readAddresses, writeAddresses } from './compact-address.ts';
import { recordSigning, type SignedRecord } from './record-signature.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import type { ByteReader } from './wire-primitives.ts';
import { ByteWriter } from './wire-primitives.ts';

const RECORD_VERSION = 2;
const SIGNING = recordSigning('bcdn ring provider record 2');

/** "I hold this content", said and signed by the provider alone (RING.md, index). */
export interface ProviderClaim {
  readonly key: RingId;
  /** Raw Ed25519 public key of the provider. */
  readonly publicKey: Uint8Array;
  readonly operator: Address;
  readonly region: string;
  /** The provider's clock in Unix milliseconds at signing; of two records the higher wins. */
  readonly sequence: number;
  /** The record is good until `sequence / 1000 + ttlSeconds`. */
  readonly ttlSeconds: number;
  /** The provider no longer holds the content. */
  readonly withdrawn: boolean;
  /** Multiaddrs under which the content is served. */
  readonly addresses: readonly string[];
}

export interface ProviderRecord extends ProviderClaim, SignedRecord {}

/** When a record stops being good, Unix milliseconds. */
export function expiresAtMs(claim: Pick<ProviderClaim, 'sequence' | 'ttlSeconds'>): number {
  return claim.sequence + claim.ttlSeconds * 1_000;
}

export function signProviderRecord(
  claim: ProviderClaim,
  network: string,
  sign: (message: Uint8Array) => Uint8Array,
): ProviderRecord {
  const writer = new ByteWriter()
    .uint8(RECORD_VERSION)
    .raw(claim.key)
    .raw(claim.publicKey)
    .raw(identifierBytes(claim.operator))
    .text(claim.region)
    .uint64(claim.sequence)
    .uint32(claim.ttlSeconds)
    .uint8(claim.withdrawn ? 1 : 0)
    .uint8(claim.addresses.length);
  writeAddresses(writer, claim.addresses);
  return { ...claim, ...SIGNING.sign(writer.finish(), network, sign) };
}

export function verifyProviderRecord(
  record: ProviderRecord,
  network: string,
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
): boolean {
  return SIGNING.verify(record, network, verify);
}

/** @throws RingError RING_WIRE_* for anything but a well-formed record */
export function readProviderRecord(reader: ByteReader): ProviderRecord {
  const start = reader.offset;
  const version = reader.uint8();
  if (version !== RECORD_VERSION) {
    throw new RingError('RING_WIRE_VERSION_UNKNOWN', `Provider record version ${version}.`, { version });
  }
  const key = reader.raw(RING_ID_BYTES);
  const publicKey = reader.raw(PUBLIC_KEY_BYTES);
  const operator = addressFromBytes(reader.raw(OPERATOR_BYTES));
  const region = reader.ascii(MAX_REGION_BYTES, 'region');
  const sequence = reader.uint64();
  const ttlSeconds = reader.bounded(reader.uint32(), MAX_PROVIDER_TTL_SECONDS, 'ttl');
  const withdrawn = reader.bounded(reader.uint8(), 1, 'withdrawn flag') === 1;
  const addresses = readAddresses(reader, reader.uint8());
  const signature = reader.raw(SIGNATURE_BYTES);
  const encoded = reader.since(start);
  return {
    key,
    publicKey,
    operator,
    region,
    sequence,
    ttlSeconds,
    withdrawn,
    addresses,
    signature,
    encoded,
  };
}
