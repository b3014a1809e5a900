import { MAX_CORRECTIONS, MAX_PROVIDERS_PER_ANSWER, MAX_RECORDS_PER_STORE, RING_ID_BYTES } from './limits.ts';
import type { MessageReader } from './member-names.ts';
import { readProviderRecord } from './provider-record.ts';
import { eventsBytes, readEvents, readId, readMany, writeEvents, type WireFamily } from './wire-fields.ts';
import type { LookupReply, LookupRequest, Store, StoreReply } from './wire-message.ts';

/** Remote calls that an answer may claim to have needed. */
const MAX_HOPS = 8;

/** Provider records: stored and looked up (SPEC.md, index). */
type IndexMessage = LookupReply | LookupRequest | Store | StoreReply;

export const INDEX_WIRE: WireFamily<IndexMessage> = {
  kinds: ['store', 'store-reply', 'lookup-request', 'lookup-reply'],

  write(writer, message) {
    switch (message.kind) {
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
    }
  },

  read(reader, kind, requestId) {
    switch (kind) {
      case 'store': {
        const count = reader.bounded(reader.uint16(), MAX_RECORDS_PER_STORE, 'number of records');
        return { kind, requestId, records: readMany(count, () => readProviderRecord(reader)) };
      }
      case 'store-reply':
        return { kind, requestId, stored: reader.bounded(reader.uint16(), MAX_RECORDS_PER_STORE, 'stored') };
      case 'lookup-request': {
        const key = readId(reader);
        const forward = reader.bounded(reader.uint8(), 1, 'forward flag') === 1;
        return { kind, requestId, key, forward };
      }
      case 'lookup-reply':
        return readLookupReply(reader, requestId);
    }
  },

  bytes(message) {
    switch (message.kind) {
      case 'store': {
        let bytes = 2;
        for (const record of message.records) bytes += record.encoded.length;
        return bytes;
      }
      case 'store-reply':
        return 2;
      case 'lookup-request':
        return RING_ID_BYTES + 1;
      case 'lookup-reply': {
        let bytes = 2 + RING_ID_BYTES + eventsBytes(message.corrections);
        for (const provider of message.providers) bytes += 1 + provider.record.encoded.length;
        return bytes;
      }
    }
  },
};

function readLookupReply(reader: MessageReader, requestId: number): LookupReply {
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
