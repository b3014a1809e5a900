import { MAX_EVENTS_PER_MESSAGE } from './limits.ts';
import { intervalBytes, readInterval, writeInterval } from './interval-codec.ts';
import type { MessageReader } from './member-names.ts';
import { readMemberRecord, type MemberRecord } from './member-record.ts';
import { RingError } from './ring-error.ts';
import {
  DIGEST_BYTES,
  eventsBytes,
  readDigest,
  readEvents,
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
        writeInterval(writer, message.interval);
        writeEvents(writer, message.events);
        break;
      case 'acknowledgement':
        break;
      case 'snapshot-request':
        writeInterval(writer, message.interval);
        break;
      case 'snapshot-page':
        writeDigest(writer, message.digest);
        writer.uint8(message.rest === undefined ? 0 : 1);
        if (message.rest !== undefined) writeInterval(writer, message.rest);
        writeEvents(writer, message.events);
        break;
      case 'join-request':
      case 'leave-request':
        writer.raw(requireRecord(message).encoded);
        break;
      case 'join-reply':
        writeOptional(writer, message.redirect?.encoded);
        break;
    }
  },

  read(reader, kind, requestId) {
    switch (kind) {
      case 'spread': {
        const interval = readInterval(reader);
        return { kind, requestId, interval, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
      }
      case 'acknowledgement':
        return { kind, requestId };
      case 'snapshot-request':
        return { kind, requestId, interval: readInterval(reader) };
      case 'snapshot-page': {
        const digest = readDigest(reader);
        const rest = readPresence(reader) ? readInterval(reader) : undefined;
        return { kind, requestId, digest, rest, events: readEvents(reader, MAX_EVENTS_PER_MESSAGE) };
      }
      case 'join-request':
      case 'leave-request':
        return { kind, requestId, record: readMemberRecord(reader) };
      case 'join-reply':
        return { kind, requestId, redirect: readPresence(reader) ? readRedirect(reader) : undefined };
    }
  },

  bytes(message) {
    switch (message.kind) {
      case 'spread':
        return intervalBytes(message.interval) + eventsBytes(message.events);
      case 'acknowledgement':
        return 0;
      case 'snapshot-request':
        return intervalBytes(message.interval);
      case 'snapshot-page': {
        const restBytes = message.rest === undefined ? 0 : intervalBytes(message.rest);
        return DIGEST_BYTES + 1 + restBytes + eventsBytes(message.events);
      }
      case 'join-request':
      case 'leave-request':
        return requireRecord(message).encoded.length;
      case 'join-reply':
        return 1 + (message.redirect?.encoded.length ?? 0);
    }
  },
};

/** A record of an author unknown to us was read, not made here: it is never sent on in such a message. */
function requireRecord(message: JoinRequest | LeaveRequest): MemberRecord {
  if (message.record !== undefined) return message.record;
  throw new RingError('RING_WIRE_NAME_UNKNOWN', `A ${message.kind} without a record is not sent.`);
}

/** Without its author the redirection leads nowhere. @throws RingError RING_WIRE_* */
function readRedirect(reader: MessageReader): MemberRecord {
  const record = readMemberRecord(reader);
  if (record !== undefined) return record;
  throw new RingError('RING_WIRE_NAME_UNKNOWN', 'Redirected to somebody whom the registry does not list.');
}
