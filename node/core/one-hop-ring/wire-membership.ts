import { MAX_EVENTS_PER_MESSAGE, RING_ID_BYTES } from './limits.ts';
import { readMemberRecord } from './member-record.ts';
import {
  DIGEST_BYTES,
  eventsBytes,
  readDigest,
  readEvents,
  readId,
  readPresence,
  writeDigest,
  writeEvents,
  writeOptional,
  type WireFamily,
} from './wire-fields.ts';
import type {
  Acknowledgement,
  JoinReply,
  JoinRequest,
  LeaveRequest,
  SnapshotPage,
  SnapshotRequest,
  Spread,
} from './wire-message.ts';

/** The tree, joining and leaving (SPEC.md, tree, join, leave). */
type MembershipMessage =
  Acknowledgement | JoinReply | JoinRequest | LeaveRequest | SnapshotPage | SnapshotRequest | Spread;

export const MEMBERSHIP_WIRE: WireFamily<MembershipMessage> = {
  kinds: [
    'spread',
    'acknowledgement',
    'snapshot-request',
    'snapshot-page',
    'join-request',
    'join-reply',
    'leave-request',
  ],

  write(writer, message) {
    switch (message.kind) {
      case 'spread':
        writer.raw(message.interval.from).raw(message.interval.to);
        writeEvents(writer, message.events);
        break;
      case 'acknowledgement':
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
    }
  },

  read(reader, kind, requestId) {
    switch (kind) {
      case 'spread': {
        const interval = { from: readId(reader), to: readId(reader) };
        return { kind, requestId, interval, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
      }
      case 'acknowledgement':
        return { kind, requestId };
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
    }
  },

  bytes(message) {
    switch (message.kind) {
      case 'spread':
        return 2 * RING_ID_BYTES + eventsBytes(message.events);
      case 'acknowledgement':
        return 0;
      case 'snapshot-request':
        return RING_ID_BYTES;
      case 'snapshot-page': {
        const nextBytes = message.next === undefined ? 1 : 1 + RING_ID_BYTES;
        return DIGEST_BYTES + nextBytes + eventsBytes(message.events);
      }
      case 'join-request':
      case 'leave-request':
        return message.record.encoded.length;
      case 'join-reply':
        return 1 + (message.redirect?.encoded.length ?? 0);
    }
  },
};
