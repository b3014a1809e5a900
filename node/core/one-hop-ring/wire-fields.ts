import { RING_ID_BYTES } from './limits.ts';
import type { MessageReader } from './member-names.ts';
import { eventBytes, readEvent, writeEvent, type MembershipEvent } from './membership-event.ts';
import type { RingId } from './ring-identifier.ts';
import type { TableDigest } from './table-digest.ts';
import type { RingMessage } from './wire-message.ts';
import { varintBytes, type ByteReader, type ByteWriter } from './wire-primitives.ts';

/** Layouts of the messages that belong to one part of the protocol; it is asked only about its own kinds. */
export interface WireFamily<M extends RingMessage> {
  readonly kinds: readonly M['kind'][];
  /** Appends the fields that follow code and number. */
  write(writer: ByteWriter, message: M): void;
  /** @throws RingError RING_WIRE_* */
  read(reader: MessageReader, kind: M['kind'], requestId: number): M;
  /** Exact length of what `write` appends. */
  bytes(message: M): number;
}

export const DIGEST_BYTES = 8;

export function writeDigest(writer: ByteWriter, digest: TableDigest): void {
  writer.uint32(digest.high).uint32(digest.low);
}

export function readDigest(reader: ByteReader): TableDigest {
  return { high: reader.uint32(), low: reader.uint32() };
}

export function readId(reader: ByteReader): RingId {
  return reader.raw(RING_ID_BYTES);
}

export function writeEvents(writer: ByteWriter, events: readonly MembershipEvent[]): void {
  writer.varint(events.length);
  for (const event of events) writeEvent(writer, event);
}

/** The events whose members the registry lists; the reader counts what it had to leave out. */
export function readEvents(reader: MessageReader, max: number): MembershipEvent[] {
  const count = reader.bounded(reader.varint(), max, 'number of events');
  return readMany(count, () => readEvent(reader)).filter((event) => event !== undefined);
}

export function eventsBytes(events: readonly MembershipEvent[]): number {
  let bytes = varintBytes(events.length);
  for (const event of events) bytes += eventBytes(event);
  return bytes;
}

/** A presence flag, then the bytes if there are any. */
export function writeOptional(writer: ByteWriter, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) writer.uint8(0);
  else writer.uint8(1).raw(bytes);
}

export function readPresence(reader: ByteReader): boolean {
  return reader.bounded(reader.uint8(), 1, 'presence flag') === 1;
}

export function readMany<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
