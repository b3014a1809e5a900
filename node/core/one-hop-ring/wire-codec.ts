import { MAX_MESSAGE_BYTES } from './limits.ts';
import { RingError } from './ring-error.ts';
import { MessageReader, NO_NAMES } from './member-names.ts';
import type { RingAdmission } from './ring-admission.ts';
import { DETECTION_WIRE } from './wire-detection.ts';
import type { WireFamily } from './wire-fields.ts';
import { INDEX_WIRE } from './wire-index.ts';
import { MEMBERSHIP_WIRE } from './wire-membership.ts';
import { MESSAGE_CODES, type RingMessage } from './wire-message.ts';
import { ByteWriter, varintBytes } from './wire-primitives.ts';
import { REPAIR_WIRE } from './wire-repair.ts';

const FAMILIES: readonly WireFamily<RingMessage>[] = [
  DETECTION_WIRE,
  MEMBERSHIP_WIRE,
  INDEX_WIRE,
  REPAIR_WIRE,
];

interface Layout {
  readonly kind: RingMessage['kind'];
  readonly family: WireFamily<RingMessage>;
}

const BY_CODE = new Map<number, Layout>(
  FAMILIES.flatMap((family) => family.kinds.map((kind) => [MESSAGE_CODES[kind], { kind, family }] as const)),
);

/** Code and number. */
const HEAD_BYTES = 1 + 4;

/**
 * The bytes of a message: code, number, fields (SPEC.md, messages).
 * @throws RingError RING_WIRE_TOO_LONG if a batch was made too large
 */
export function encodeMessage(message: RingMessage): Uint8Array {
  const code = MESSAGE_CODES[message.kind];
  const writer = new ByteWriter().uint8(code).uint32(message.requestId);
  layoutOf(code).family.write(writer, message);
  if (writer.length > MAX_MESSAGE_BYTES) {
    throw new RingError('RING_WIRE_TOO_LONG', `A ${message.kind} of ${writer.length} bytes is too long.`, {
      kind: message.kind,
      bytes: writer.length,
      max: MAX_MESSAGE_BYTES,
    });
  }
  return writer.finish();
}

/** Exact bytes of the message's frame on a stream, its length prefix included; nothing is encoded for it. */
export function messageBytes(message: RingMessage): number {
  const bytes = HEAD_BYTES + layoutOf(MESSAGE_CODES[message.kind]).family.bytes(message);
  return varintBytes(bytes) + bytes;
}

/**
 * Decodes one message and checks every field against its limit.
 * @param admission tells who is meant by the names in it. @default nobody is known
 * @throws RingError RING_WIRE_* for anything else than one whole, well-formed message
 */
export function decodeMessage(bytes: Uint8Array, admission: RingAdmission = NO_NAMES): RingMessage {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new RingError('RING_WIRE_TOO_LONG', `A message of ${bytes.length} bytes is too long.`, {
      bytes: bytes.length,
      max: MAX_MESSAGE_BYTES,
    });
  }
  const reader = new MessageReader(bytes, admission);
  const { kind, family } = layoutOf(reader.uint8());
  const message = family.read(reader, kind, reader.uint32());
  reader.end();
  const { unknownNames } = reader;
  return unknownNames === 0 ? message : { ...message, unknownNames };
}

/** @throws RingError RING_WIRE_KIND_UNKNOWN */
function layoutOf(code: number): Layout {
  const layout = BY_CODE.get(code);
  if (layout === undefined) {
    throw new RingError('RING_WIRE_KIND_UNKNOWN', `Unknown message ${code}.`, { code });
  }
  return layout;
}
