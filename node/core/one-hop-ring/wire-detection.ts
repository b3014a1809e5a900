import { RING_ID_BYTES } from './limits.ts';
import { DIGEST_BYTES, readDigest, readId, writeDigest, type WireFamily } from './wire-fields.ts';
import type { IndirectPing, Ping, Reached } from './wire-message.ts';

/** Keep-alives and probes (SPEC.md, failure). */
type DetectionMessage = Ping | IndirectPing | Reached;

export const DETECTION_WIRE: WireFamily<DetectionMessage> = {
  kinds: ['ping', 'pong', 'indirect-ping', 'reached'],

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
        return { kind, requestId };
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
        return 0;
    }
  },
};
