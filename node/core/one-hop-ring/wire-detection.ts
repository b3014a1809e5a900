import { RING_ID_BYTES } from './limits.ts';
import type { MessageReader } from './member-names.ts';
import { eventBytes, readEvent, writeEvent, type Accusation } from './membership-event.ts';
import { RingError } from './ring-error.ts';
import { DIGEST_BYTES, readDigest, readId, writeDigest, type WireFamily } from './wire-fields.ts';
import type { IndirectPing, Ping, Reached, Testimony, Unreached } from './wire-message.ts';

/** Keep-alives and probes (SPEC.md, failure). */
type DetectionMessage = Ping | IndirectPing | Reached | Unreached | Testimony;

export const DETECTION_WIRE: WireFamily<DetectionMessage> = {
  kinds: ['ping', 'pong', 'indirect-ping', 'reached', 'unreached', 'testimony'],

  write(writer, message) {
    switch (message.kind) {
      case 'ping':
      case 'pong':
        writeDigest(writer.uint8(message.load), message.digest);
        break;
      case 'indirect-ping':
        writer.raw(message.target);
        break;
      case 'reached':
      case 'unreached':
        break;
      case 'testimony':
        if (message.accusation !== undefined) writeEvent(writer, message.accusation);
        break;
    }
  },

  read(reader, kind, requestId) {
    switch (kind) {
      case 'ping':
      case 'pong':
        return { kind, requestId, load: reader.uint8(), digest: readDigest(reader) };
      case 'indirect-ping':
        return { kind, requestId, target: readId(reader) };
      case 'reached':
      case 'unreached':
        return { kind, requestId };
      case 'testimony':
        return { kind, requestId, accusation: readAccusation(reader) };
    }
  },

  bytes(message) {
    switch (message.kind) {
      case 'ping':
      case 'pong':
        return 1 + DIGEST_BYTES;
      case 'indirect-ping':
        return RING_ID_BYTES;
      case 'reached':
      case 'unreached':
        return 0;
      case 'testimony':
        return message.accusation === undefined ? 0 : eventBytes(message.accusation);
    }
  },
};

/** @throws RingError RING_WIRE_* for anything but an accusation */
function readAccusation(reader: MessageReader): Accusation | undefined {
  const event = readEvent(reader);
  if (event?.kind !== 'record') return event;
  throw new RingError('RING_WIRE_VALUE_INVALID', 'A testimony holds a record.', { kind: event.kind });
}
