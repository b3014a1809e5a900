import { bytesToHex, concatBytes, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_WITNESSES, PUBLIC_KEY_BYTES, RING_ID_BYTES, SIGNATURE_BYTES } from './limits.ts';
import { readMemberRecord, type MemberRecord } from './member-record.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import type { ByteReader } from './wire-primitives.ts';
import { ByteWriter } from './wire-primitives.ts';

/** State of a table entry; of two claims of one incarnation the later in this list wins. */
export const MEMBER_STATES = ['alive', 'suspect', 'failed', 'left'] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** One observer's signature under an accusation. */
export interface Witness {
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

const DOMAIN = 'bcdn ring accusation 1\n';
const TAG_RECORD = 1;
const TAG_SUSPECT = 2;
const TAG_FAILED = 3;

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
  return concatBytes(utf8ToBytes(`${DOMAIN}${network}\n`), body);
}

/** Equal for equal claims, whoever made them. */
export function eventKey(event: MembershipEvent): string {
  if (event.kind === 'record') {
    return `record ${bytesToHex(event.record.publicKey)} ${event.record.incarnation}`;
  }
  return `${event.kind} ${bytesToHex(event.nid)} ${event.incarnation}`;
}

/** Bytes of an event on the wire. */
export function eventBytes(event: MembershipEvent): number {
  if (event.kind === 'record') return 1 + event.record.encoded.length;
  return 2 + RING_ID_BYTES + 4 + event.witnesses.length * (PUBLIC_KEY_BYTES + SIGNATURE_BYTES);
}

export function writeEvent(writer: ByteWriter, event: MembershipEvent): void {
  if (event.kind === 'record') {
    writer.uint8(TAG_RECORD).raw(event.record.encoded);
    return;
  }
  writer
    .uint8(event.kind === 'failed' ? TAG_FAILED : TAG_SUSPECT)
    .raw(event.nid)
    .uint32(event.incarnation)
    .uint8(event.witnesses.length);
  for (const witness of event.witnesses) writer.raw(witness.publicKey).raw(witness.signature);
}

/** @throws RingError RING_WIRE_* */
export function readEvent(reader: ByteReader): MembershipEvent {
  const tag = reader.uint8();
  if (tag === TAG_RECORD) return { kind: 'record', record: readMemberRecord(reader) };
  if (tag !== TAG_SUSPECT && tag !== TAG_FAILED) {
    throw new RingError('RING_WIRE_VALUE_INVALID', `Unknown membership event ${tag}.`, { tag });
  }
  const nid = reader.raw(RING_ID_BYTES);
  const incarnation = reader.uint32();
  const count = reader.bounded(reader.uint8(), MAX_WITNESSES, 'number of witnesses');
  const witnesses: Witness[] = [];
  for (let i = 0; i < count; i++) {
    witnesses.push({ publicKey: reader.raw(PUBLIC_KEY_BYTES), signature: reader.raw(SIGNATURE_BYTES) });
  }
  return { kind: tag === TAG_FAILED ? 'failed' : 'suspect', nid, incarnation, witnesses };
}
