import { RING_ID_BYTES } from '../one-hop-ring/limits.ts';
import { RingError } from '../one-hop-ring/ring-error.ts';
import { ByteReader, ByteWriter } from '../one-hop-ring/wire-primitives.ts';
import { isSparse } from './content-fingerprint.ts';
import { decodeFingerprints, encodeFingerprints } from './golomb-code.ts';
import {
  MAX_CHANGED_FINGERPRINTS,
  MAX_FINGERPRINT_BITS,
  MAX_GROUP_MESSAGE_BYTES,
  MAX_LOCATED_SERVERS,
  MAX_SUMMARY_BYTES,
  MAX_SUMMARY_CONTENTS,
  MIN_FINGERPRINT_BITS,
} from './group-limits.ts';
import {
  GROUP_MESSAGE_CODES,
  type ContentSummary,
  type GroupMessage,
  type GroupState,
  type Located,
  type SummaryChange,
  type SummaryVersion,
} from './group-message.ts';

const KINDS = new Map(
  Object.entries(GROUP_MESSAGE_CODES).map(([kind, code]) => [code, kind as GroupMessage['kind']]),
);

/** The bytes of a message: code, then fields (SPEC.md, messages). */
export function encodeGroupMessage(message: GroupMessage): Uint8Array {
  const writer = new ByteWriter().uint8(GROUP_MESSAGE_CODES[message.kind]);
  switch (message.kind) {
    case 'state':
      writeState(writer, message);
      break;
    case 'summary-request':
      break;
    case 'summary': {
      const code = encodeFingerprints(message.fingerprints, message.bits);
      writeVersion(writer, message.summary);
      writer.uint8(message.bits).uint16(message.fingerprints.length).uint16(code.length).raw(code);
      break;
    }
    case 'locate-request':
      writer.uint32(message.requestId).raw(message.key);
      break;
    case 'located':
      writer.uint32(message.requestId).uint8(message.servers.length);
      for (const server of message.servers) {
        writer.raw(server.nid).uint8(server.load).uint32(server.freeKiBps);
      }
      break;
  }
  return writer.finish();
}

/**
 * Decodes one message and checks every field against its limit.
 * @throws RingError RING_WIRE_* for anything else than one whole, well-formed message
 */
export function decodeGroupMessage(bytes: Uint8Array): GroupMessage {
  if (bytes.length > MAX_GROUP_MESSAGE_BYTES) {
    throw new RingError('RING_WIRE_TOO_LONG', `A message of ${bytes.length} bytes is too long.`, {
      bytes: bytes.length,
      max: MAX_GROUP_MESSAGE_BYTES,
    });
  }
  const reader = new ByteReader(bytes);
  const code = reader.uint8();
  const kind = KINDS.get(code);
  if (kind === undefined) {
    throw new RingError('RING_WIRE_KIND_UNKNOWN', `Unknown message ${code}.`, { code });
  }
  const message = readFields(reader, kind);
  reader.end();
  return message;
}

function readFields(reader: ByteReader, kind: GroupMessage['kind']): GroupMessage {
  switch (kind) {
    case 'state':
      return readState(reader);
    case 'summary-request':
      return { kind };
    case 'summary':
      return readSummary(reader);
    case 'locate-request':
      return { kind, requestId: reader.uint32(), key: reader.raw(RING_ID_BYTES) };
    case 'located':
      return readLocated(reader);
  }
}

function writeState(writer: ByteWriter, state: GroupState): void {
  const { load, freeKiBps, stampMs, echo, summary, change } = state;
  writer.uint8(load).uint32(freeKiBps).uint32(stampMs);
  if (echo === undefined) writer.uint8(0);
  else writer.uint8(1).uint32(echo.stampMs).uint32(echo.heldMs);
  writeVersion(writer, summary);
  if (change === undefined) {
    writer.uint8(0);
    return;
  }
  writer.uint8(1);
  writeValues(writer, change.added);
  writeValues(writer, change.removed);
}

function readState(reader: ByteReader): GroupState {
  const load = reader.uint8();
  const freeKiBps = reader.uint32();
  const stampMs = reader.uint32();
  const echo = readPresence(reader) ? { stampMs: reader.uint32(), heldMs: reader.uint32() } : undefined;
  const summary = readVersion(reader);
  const change: SummaryChange | undefined = readPresence(reader)
    ? { added: readValues(reader), removed: readValues(reader) }
    : undefined;
  return { kind: 'state', load, freeKiBps, stampMs, echo, summary, change };
}

function readSummary(reader: ByteReader): ContentSummary {
  const summary = readVersion(reader);
  const bits = reader.bounded(reader.uint8(), MAX_FINGERPRINT_BITS, 'fingerprint bits');
  const count = reader.bounded(reader.uint16(), MAX_SUMMARY_CONTENTS, 'number of fingerprints');
  if (bits < MIN_FINGERPRINT_BITS || !isSparse(count, bits)) {
    throw new RingError('RING_WIRE_VALUE_INVALID', 'The summary claims more than a summary may.', {
      bits,
      count,
    });
  }
  const code = reader.raw(reader.bounded(reader.uint16(), MAX_SUMMARY_BYTES, 'summary length'));
  return { kind: 'summary', summary, bits, fingerprints: decodeFingerprints(code, count, bits) };
}

function readLocated(reader: ByteReader): Located {
  const requestId = reader.uint32();
  const count = reader.bounded(reader.uint8(), MAX_LOCATED_SERVERS, 'number of servers');
  const servers = [];
  for (let i = 0; i < count; i++) {
    servers.push({ nid: reader.raw(RING_ID_BYTES), load: reader.uint8(), freeKiBps: reader.uint32() });
  }
  return { kind: 'located', requestId, servers };
}

function writeVersion(writer: ByteWriter, { salt, version }: SummaryVersion): void {
  writer.uint32(salt).uint32(version);
}

function readVersion(reader: ByteReader): SummaryVersion {
  return { salt: reader.uint32(), version: reader.uint32() };
}

function writeValues(writer: ByteWriter, values: Uint32Array): void {
  writer.uint16(values.length);
  for (const value of values) writer.uint32(value);
}

/** Strictly ascending values: a set has one encoding. */
function readValues(reader: ByteReader): Uint32Array {
  const count = reader.bounded(reader.uint16(), MAX_CHANGED_FINGERPRINTS, 'number of changes');
  const values = new Uint32Array(count);
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const value = reader.uint32();
    if (value <= previous) {
      throw new RingError('RING_WIRE_VALUE_INVALID', 'Changed fingerprints do not ascend.', { index: i });
    }
    values[i] = value;
    previous = value;
  }
  return values;
}

function readPresence(reader: ByteReader): boolean {
  return reader.bounded(reader.uint8(), 1, 'presence flag') === 1;
}
