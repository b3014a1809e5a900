import { MAX_ASKED_RANGES, MAX_EVENTS_PER_MESSAGE, MAX_WANTED_NAMES } from './limits.ts';
import { NAME_BYTES } from './member-names.ts';
import {
  partsBytes,
  questionBytes,
  readParts,
  readQuestion,
  writeParts,
  writeQuestion,
} from './reconciliation/range-codec.ts';
import { eventsBytes, readEvents, readMany, writeEvents, type WireFamily } from './wire-fields.ts';
import type { SyncEvents, SyncExchange, SyncRequest, SyncSummary } from './wire-message.ts';

/** Repair of differing tables (SPEC.md, repair). */
type RepairMessage = SyncEvents | SyncExchange | SyncRequest | SyncSummary;

export const REPAIR_WIRE: WireFamily<RepairMessage> = {
  kinds: ['sync-request', 'sync-summary', 'sync-exchange', 'sync-events'],

  write(writer, message) {
    switch (message.kind) {
      case 'sync-request':
        writeQuestion(writer, message.ranges);
        break;
      case 'sync-summary':
        writer.uint8(message.answered);
        writeParts(writer, message.parts);
        break;
      case 'sync-exchange':
        writer.uint8(message.wanted.length);
        for (const name of message.wanted) writer.raw(name);
        writeEvents(writer, message.events);
        break;
      case 'sync-events':
        writeEvents(writer, message.events);
        break;
    }
  },

  read(reader, kind, requestId) {
    switch (kind) {
      case 'sync-request':
        return { kind, requestId, ranges: readQuestion(reader) };
      case 'sync-summary': {
        const answered = reader.bounded(reader.uint8(), MAX_ASKED_RANGES, 'number of answered ranges');
        return { kind, requestId, answered, parts: readParts(reader) };
      }
      case 'sync-exchange': {
        const count = reader.bounded(reader.uint8(), MAX_WANTED_NAMES, 'number of wanted entries');
        const wanted = readMany(count, () => reader.raw(NAME_BYTES));
        return { kind, requestId, wanted, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
      }
      case 'sync-events':
        return { kind, requestId, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
    }
  },

  bytes(message) {
    switch (message.kind) {
      case 'sync-request':
        return questionBytes(message.ranges);
      case 'sync-summary':
        return 1 + partsBytes(message.parts);
      case 'sync-exchange':
        return 1 + message.wanted.length * NAME_BYTES + eventsBytes(message.events);
      case 'sync-events':
        return eventsBytes(message.events);
    }
  },
};
