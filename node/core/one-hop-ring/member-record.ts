import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { readAddresses, writeAddresses } from './compact-address.ts';
import { SIGNATURE_BYTES } from './limits.ts';
import { memberName, type MessageReader } from './member-names.ts';
import { recordSigning, type SignedRecord } from './record-signature.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import { ByteWriter } from './wire-primitives.ts';

const RECORD_VERSION = 2;
const SIGNING = recordSigning('bcdn ring member record 2');
/** Added to the number of addresses in the record of a member that leaves. */
const DEPARTED_FLAG = 0x80;

/** What a member says about itself, with what the registry says about it (SPEC.md, member record). */
export interface MemberClaim {
  /** Position, by the registry; its leading bytes name the member on the wire. */
  readonly nid: RingId;
  /** Raw Ed25519 public key of the libp2p host, by the registry; not on the wire. */
  readonly publicKey: Uint8Array;
  /** By the registry; not on the wire. */
  readonly operator: Address;
  /** By the registry; not on the wire. */
  readonly region: string;
  /** Only the member itself raises it; the highest wins. uint32. */
  readonly incarnation: number;
  /** The member says goodbye. */
  readonly departed: boolean;
  /** Multiaddrs under which the member's ring protocol is reached. */
  readonly addresses: readonly string[];
}

export interface MemberRecord extends MemberClaim, SignedRecord {}

function encodeClaim(claim: MemberClaim): Uint8Array {
  const writer = new ByteWriter()
    .uint8(RECORD_VERSION)
    .raw(memberName(claim.nid))
    .uint32(claim.incarnation)
    .uint8((claim.departed ? DEPARTED_FLAG : 0) | claim.addresses.length);
  writeAddresses(writer, claim.addresses);
  return writer.finish();
}

/** Signs a claim. The claim must respect the limits, or no receiver accepts it. */
export function signMemberRecord(
  claim: MemberClaim,
  network: string,
  sign: (message: Uint8Array) => Uint8Array,
): MemberRecord {
  return { ...claim, ...SIGNING.sign(encodeClaim(claim), network, sign) };
}

export function verifyMemberRecord(
  record: MemberRecord,
  network: string,
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
): boolean {
  return SIGNING.verify(record, network, verify);
}

/**
 * Undefined if the record is well-formed and the registry does not list its author.
 * @throws RingError RING_WIRE_* for anything but a well-formed record
 */
export function readMemberRecord(reader: MessageReader): MemberRecord | undefined {
  const start = reader.offset;
  const version = reader.uint8();
  if (version !== RECORD_VERSION) {
    throw new RingError('RING_WIRE_VERSION_UNKNOWN', `Member record version ${version}.`, { version });
  }
  const member = reader.member();
  const incarnation = reader.uint32();
  const flags = reader.uint8();
  const departed = flags >= DEPARTED_FLAG;
  const addresses = readAddresses(reader, departed ? flags - DEPARTED_FLAG : flags);
  const signature = reader.raw(SIGNATURE_BYTES);
  const encoded = reader.since(start);
  if (member === undefined) return undefined;
  const { publicKey, edge } = member;
  const { operator, region } = edge;
  const nid = hexToBytes(edge.nid);
  return { nid, publicKey, operator, region, incarnation, departed, addresses, signature, encoded };
}
