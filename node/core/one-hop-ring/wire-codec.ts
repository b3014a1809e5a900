import {
  MAX_ARC_BITS,
  MAX_CORRECTIONS,
  MAX_EVENTS_PER_MESSAGE,
  MAX_MESSAGE_BYTES,
  MAX_PROVIDERS_PER_ANSWER,
  MAX_RECORDS_PER_STORE,
  MAX_SUMMARY_ENTRIES,
  MAX_WANTED_IDS,
  RING_ID_BYTES,
} from './limits.ts';
import { readMemberRecord } from './member-record.ts';
import { MEMBER_STATES, readEvent, writeEvent, type MembershipEvent } from './membership-event.ts';
import { readProviderRecord } from './provider-record.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import type { TableDigest } from './table-digest.ts';
import { MESSAGE_CODES, type RingMessage, type SummaryEntry } from './wire-message.ts';
import { ByteReader, ByteWriter } from './wire-primitives.ts';

const KINDS = new Map(
  Object.entries(MESSAGE_CODES).map(([kind, code]) => [code, kind as RingMessage['kind']]),
);
const MAX_HOPS = 8;

/**
 * The bytes of a message: code, number, fields (SPEC.md, messages).
 * @throws RingError RING_WIRE_TOO_LONG if a batch was made too large
 */
export function encodeMessage(message: RingMessage): Uint8Array {
  const writer = new ByteWriter().uint8(MESSAGE_CODES[message.kind]).uint32(message.requestId);
  writeFields(writer, message);
  if (writer.length > MAX_MESSAGE_BYTES) {
    throw new RingError('RING_WIRE_TOO_LONG', `A ${message.kind} of ${writer.length} bytes is too long.`, {
      kind: message.kind,
      bytes: writer.length,
      max: MAX_MESSAGE_BYTES,
    });
  }
  return writer.finish();
}

/**
 * Decodes one message and checks every field against its limit.
 * @throws RingError RING_WIRE_* for anything else than one whole, well-formed message
 */
export function decodeMessage(bytes: Uint8Array): RingMessage {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new RingError('RING_WIRE_TOO_LONG', `A message of ${bytes.length} bytes is too long.`, {
      bytes: bytes.length,
      max: MAX_MESSAGE_BYTES,
    });
  }
  const reader = new ByteReader(bytes);
  const code = reader.uint8();
  const kind = KINDS.get(code);
  if (kind === undefined) {
    throw new RingError('RING_WIRE_KIND_UNKNOWN', `Unknown message ${code}.`, { code });
  }
  const requestId = reader.uint32();
  const message = readFields(reader, kind, requestId);
  reader.end();
  return message;
}

function writeFields(writer: ByteWriter, message: RingMessage): void {
  switch (message.kind) {
    case 'ping':
    case 'pong':
      writeDigest(writer.uint8(message.load), message.digest);
      break;
    case 'indirect-ping':
      writer.raw(message.target);
      break;
    case 'reached':
    case 'acknowledgement':
      break;
    case 'spread':
      writer.raw(message.interval.from).raw(message.interval.to);
      writeEvents(writer, message.events);
      break;
    case 'snapshot-request':
      writer.raw(message.from);
      break;
    case 'snapshot-page':
      writeDigest(writer, message.digest);
      writeOptional(writer, message.next);
      writeEvents(writer, message.events);
      break;
    case 'join-request':
    case 'leave-request':
      writer.raw(message.record.encoded);
      break;
    case 'join-reply':
      writeOptional(writer, message.redirect?.encoded);
      break;
    case 'store':
      writer.uint16(message.records.length);
      for (const record of message.records) writer.raw(record.encoded);
      break;
    case 'store-reply':
      writer.uint16(message.stored);
      break;
    case 'lookup-request':
      writer.raw(message.key).uint8(message.forward ? 1 : 0);
      break;
    case 'lookup-reply':
      writer.uint8(message.hops).raw(message.answeredBy).uint8(message.providers.length);
      for (const provider of message.providers) writer.uint8(provider.load).raw(provider.record.encoded);
      writeEvents(writer, message.corrections);
      break;
    default:
      writeSyncFields(writer, message);
  }
}

type SyncMessage = Extract<RingMessage, { kind: `sync-${string}` }>;

function writeSyncFields(writer: ByteWriter, message: SyncMessage): void {
  switch (message.kind) {
    case 'sync-request':
      writer.uint16(message.digests.length);
      for (const digest of message.digests) writeDigest(writer, digest);
      break;
    case 'sync-summary':
      writer.uint16(message.arcs.length);
      for (const arc of message.arcs) writer.uint8(arc);
      writer.uint16(message.entries.length);
      for (const entry of message.entries) {
        writer.raw(entry.nid).uint32(entry.incarnation).uint8(MEMBER_STATES.indexOf(entry.state));
      }
      break;
    case 'sync-exchange':
      writer.uint16(message.wanted.length);
      for (const nid of message.wanted) writer.raw(nid);
      writeEvents(writer, message.events);
      break;
    case 'sync-events':
      writeEvents(writer, message.events);
      break;
  }
}

function readFields(reader: ByteReader, kind: RingMessage['kind'], requestId: number): RingMessage {
  switch (kind) {
    case 'ping':
    case 'pong':
      return { kind, requestId, load: reader.uint8(), digest: readDigest(reader) };
    case 'indirect-ping':
      return { kind, requestId, target: readId(reader) };
    case 'reached':
    case 'acknowledgement':
      return { kind, requestId };
    case 'spread': {
      const interval = { from: readId(reader), to: readId(reader) };
      return { kind, requestId, interval, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
    }
    case 'snapshot-request':
      return { kind, requestId, from: readId(reader) };
    case 'snapshot-page': {
      const digest = readDigest(reader);
      const next = readPresence(reader) ? readId(reader) : undefined;
      return { kind, requestId, digest, next, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
    }
    case 'join-request':
    case 'leave-request':
      return { kind, requestId, record: readMemberRecord(reader) };
    case 'join-reply':
      return { kind, requestId, redirect: readPresence(reader) ? readMemberRecord(reader) : undefined };
    case 'store': {
      const count = reader.bounded(reader.uint16(), MAX_RECORDS_PER_STORE, 'number of records');
      return { kind, requestId, records: readMany(count, () => readProviderRecord(reader)) };
    }
    case 'store-reply':
      return { kind, requestId, stored: reader.bounded(reader.uint16(), MAX_RECORDS_PER_STORE, 'stored') };
    case 'lookup-request':
      return {
        kind,
        requestId,
        key: readId(reader),
        forward: reader.bounded(reader.uint8(), 1, 'forward flag') === 1,
      };
    case 'lookup-reply':
      return readLookupReply(reader, requestId);
    default:
      return readSyncFields(reader, kind, requestId);
  }
}

function readLookupReply(reader: ByteReader, requestId: number): RingMessage {
  const hops = reader.bounded(reader.uint8(), MAX_HOPS, 'hops');
  const answeredBy = readId(reader);
  const count = reader.bounded(reader.uint8(), MAX_PROVIDERS_PER_ANSWER, 'number of providers');
  const providers = readMany(count, () => {
    const load = reader.uint8();
    return { load, record: readProviderRecord(reader) };
  });
  const corrections = readEvents(reader, MAX_CORRECTIONS);
  return { kind: 'lookup-reply', requestId, hops, answeredBy, providers, corrections };
}

function readSyncFields(reader: ByteReader, kind: SyncMessage['kind'], requestId: number): SyncMessage {
  switch (kind) {
    case 'sync-request': {
      const count = reader.bounded(reader.uint16(), 2 ** MAX_ARC_BITS, 'number of arcs');
      if (count === 0 || (count & (count - 1)) !== 0) {
        throw new RingError('RING_WIRE_VALUE_INVALID', 'The number of arcs is no power of two.', { count });
      }
      return { kind, requestId, digests: readMany(count, () => readDigest(reader)) };
    }
    case 'sync-summary': {
      const arcCount = reader.bounded(reader.uint16(), 2 ** MAX_ARC_BITS, 'number of arcs');
      const arcs = readMany(arcCount, () => reader.uint8());
      const count = reader.bounded(reader.uint16(), MAX_SUMMARY_ENTRIES, 'number of entries');
      return { kind, requestId, arcs, entries: readMany(count, () => readSummaryEntry(reader)) };
    }
    case 'sync-exchange': {
      const count = reader.bounded(reader.uint16(), MAX_WANTED_IDS, 'number of wanted entries');
      const wanted = readMany(count, () => readId(reader));
      return { kind, requestId, wanted, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
    }
    case 'sync-events':
      return { kind, requestId, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
  }
}

function readSummaryEntry(reader: ByteReader): SummaryEntry {
  const nid = readId(reader);
  const incarnation = reader.uint32();
  const code = reader.bounded(reader.uint8(), MEMBER_STATES.length - 1, 'member state');
  return { nid, incarnation, state: MEMBER_STATES[code] ?? 'alive' };
}

function writeEvents(writer: ByteWriter, events: readonly MembershipEvent[]): void {
  writer.uint16(events.length);
  for (const event of events) writeEvent(writer, event);
}

function readEvents(reader: ByteReader, max: number): MembershipEvent[] {
  const count = reader.bounded(reader.uint16(), max, 'number of events');
  return readMany(count, () => readEvent(reader));
}

function writeDigest(writer: ByteWriter, digest: TableDigest): void {
  writer.uint32(digest.high).uint32(digest.low);
}

function readDigest(reader: ByteReader): TableDigest {
  return { high: reader.uint32(), low: reader.uint32() };
}

function readId(reader: ByteReader): RingId {
  return reader.raw(RING_ID_BYTES);
}

function writeOptional(writer: ByteWriter, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) writer.uint8(0);
  else writer.uint8(1).raw(bytes);
}

function readPresence(reader: ByteReader): boolean {
  return reader.bounded(reader.uint8(), 1, 'presence flag') === 1;
}

function readMany<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
