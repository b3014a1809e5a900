import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_WITNESSES, SIGNATURE_BYTES } from './limits.ts';
import { memberName, NAME_BYTES, type MessageReader, type NamedMember } from './member-names.ts';
import { readMemberRecord, type MemberRecord } from './member-record.ts';
import { signingFrame } from './record-signature.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import { ByteWriter } from './wire-primitives.ts';

/** State of a table entry; of two claims of one incarnation the later in this list wins. */
export const MEMBER_STATES = ['alive', 'suspect', 'failed', 'left'] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** One observer's signature under an accusation. */
export interface Witness {
  /** Its position by the registry names it on the wire. */
  readonly nid: RingId;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Somebody claims that a member is silent (suspect) or gone (failed); the subject refutes by a new record. */
export interface Accusation {
  readonly kind: 'suspect' | 'failed';
  readonly nid: RingId;
  /** The incarnation accused; a higher one is innocent. */
  readonly incarnation: number;
  readonly witnesses: readonly Witness[];
}

/** What a member says about itself: alive, or departed. */
export interface SelfReport {
  readonly kind: 'record';
  readonly record: MemberRecord;
}

/** The unit of dissemination (RING.md, events and the tree). */
export type MembershipEvent = Accusation | SelfReport;

const ACCUSATION_FRAME = signingFrame('bcdn ring accusation 2');
/** The first byte of an event: its kind, and in an accusation the number of witnesses added. */
const TAG_RECORD = 0x01;
const TAG_SUSPECT = 0x10;
const TAG_FAILED = 0x20;
const COUNT_MASK = 0x0f;

/** Does (incarnation, state) replace (heldIncarnation, heldState)? */
export function supersedes(
  claim: { readonly incarnation: number; readonly state: MemberState },
  held: { readonly incarnation: number; readonly state: MemberState },
): boolean {
  if (claim.incarnation !== held.incarnation) return claim.incarnation > held.incarnation;
  return MEMBER_STATES.indexOf(claim.state) > MEMBER_STATES.indexOf(held.state);
}

/** The bytes under a witness's signature. */
export function accusationBytes(network: string, accusation: Omit<Accusation, 'witnesses'>): Uint8Array {
  const body = new ByteWriter()
    .uint8(accusation.kind === 'failed' ? TAG_FAILED : TAG_SUSPECT)
    .raw(accusation.nid)
    .uint32(accusation.incarnation)
    .finish();
  return ACCUSATION_FRAME(network, body);
}

/** Equal for equal claims, whoever made them. */
export function eventKey(event: MembershipEvent): string {
  if (event.kind === 'record') return `record ${bytesToHex(event.record.nid)} ${event.record.incarnation}`;
  return `${event.kind} ${bytesToHex(event.nid)} ${event.incarnation}`;
}

/** Bytes of an event on the wire. */
export function eventBytes(event: MembershipEvent): number {
  if (event.kind === 'record') return 1 + event.record.encoded.length;
  return 1 + NAME_BYTES + 4 + event.witnesses.length * (NAME_BYTES + SIGNATURE_BYTES);
}

export function writeEvent(writer: ByteWriter, event: MembershipEvent): void {
  if (event.kind === 'record') {
    writer.uint8(TAG_RECORD).raw(event.record.encoded);
    return;
  }
  writer
    .uint8((event.kind === 'failed' ? TAG_FAILED : TAG_SUSPECT) + event.witnesses.length)
    .raw(memberName(event.nid))
    .uint32(event.incarnation);
  for (const witness of event.witnesses) writer.raw(memberName(witness.nid)).raw(witness.signature);
}

/**
 * Undefined if the event is well-formed and names somebody whom the registry does not list.
 * @throws RingError RING_WIRE_*
 */
export function readEvent(reader: MessageReader): MembershipEvent | undefined {
  const tag = reader.uint8();
  if (tag === TAG_RECORD) {
    const record = readMemberRecord(reader);
    return record === undefined ? undefined : { kind: 'record', record };
  }
  const kind = tag & ~COUNT_MASK;
  if (kind !== TAG_SUSPECT && kind !== TAG_FAILED) {
    throw new RingError('RING_WIRE_VALUE_INVALID', `Unknown membership event ${tag}.`, { tag });
  }
  const count = reader.bounded(tag & COUNT_MASK, MAX_WITNESSES, 'number of witnesses');
  const subject = reader.member();
  const incarnation = reader.uint32();
  const witnesses: Witness[] = [];
  for (let i = 0; i < count; i++) {
    const witness = reader.member();
    const signature = reader.raw(SIGNATURE_BYTES);
    if (witness !== undefined)
      witnesses.push({ nid: nidOf(witness), publicKey: witness.publicKey, signature });
  }
  if (subject === undefined || witnesses.length < count) return undefined;
  return { kind: kind === TAG_FAILED ? 'failed' : 'suspect', nid: nidOf(subject), incarnation, witnesses };
}

function nidOf(member: NamedMember): RingId {
  return hexToBytes(member.edge.nid);
}
