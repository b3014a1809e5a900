import {
  MAX_ARC_BITS,
  MAX_EVENTS_PER_MESSAGE,
  MAX_SUMMARY_ENTRIES,
  MAX_WANTED_IDS,
  RING_ID_BYTES,
} from './limits.ts';
import { MEMBER_STATES } from './membership-event.ts';
import { RingError } from './ring-error.ts';
import {
  DIGEST_BYTES,
  eventsBytes,
  readDigest,
  readEvents,
  readId,
  readMany,
  writeDigest,
  writeEvents,
  type WireFamily,
} from './wire-fields.ts';
import type { SummaryEntry, SyncEvents, SyncExchange, SyncRequest, SyncSummary } from './wire-message.ts';
import type { ByteReader } from './wire-primitives.ts';

/** Repair of differing tables (SPEC.md, messages). */
type RepairMessage = SyncEvents | SyncExchange | SyncRequest | SyncSummary;

const SUMMARY_ENTRY_BYTES = RING_ID_BYTES + 4 + 1;

export const REPAIR_WIRE: WireFamily<RepairMessage> = {
  kinds: ['sync-request', 'sync-summary', 'sync-exchange', 'sync-events'],

  write(writer, message) {
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
  },

  read(reader, kind, requestId) {
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
  },

  bytes(message) {
    switch (message.kind) {
      case 'sync-request':
        return 2 + message.digests.length * DIGEST_BYTES;
      case 'sync-summary':
        return 4 + message.arcs.length + message.entries.length * SUMMARY_ENTRY_BYTES;
      case 'sync-exchange':
        return 2 + message.wanted.length * RING_ID_BYTES + eventsBytes(message.events);
      case 'sync-events':
        return eventsBytes(message.events);
    }
  },
};

function readSummaryEntry(reader: ByteReader): SummaryEntry {
  const nid = readId(reader);
  const incarnation = reader.uint32();
  const code = reader.bounded(reader.uint8(), MEMBER_STATES.length - 1, 'member state');
  return { nid, incarnation, state: MEMBER_STATES[code] ?? 'alive' };
}
