import type { IdInterval } from './id-interval.ts';
import { RING_ID_BYTES } from './limits.ts';
import { NAME_BYTES } from './member-names.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import type { ByteReader, ByteWriter } from './wire-primitives.ts';

/**
 * The ends of an interval without their trailing zeros: first both lengths in one byte, then the bytes that count.
 * The tree cuts where few bytes suffice, so most ends are short (SPEC.md, messages).
 */
export function writeInterval(writer: ByteWriter, interval: IdInterval): void {
  const fromBytes = significantBytes(interval.from);
  const toBytes = significantBytes(interval.to);
  writer.uint8((fromBytes << 4) | toBytes);
  writer.raw(interval.from.subarray(0, fromBytes)).raw(interval.to.subarray(0, toBytes));
}

/** @throws RingError RING_WIRE_VALUE_INVALID for an end of more than 8 bytes, or with a trailing zero */
export function readInterval(reader: ByteReader): IdInterval {
  const lengths = reader.uint8();
  return { from: readEnd(reader, lengths >>> 4), to: readEnd(reader, lengths & 0x0f) };
}

export function intervalBytes(interval: IdInterval): number {
  return 1 + significantBytes(interval.from) + significantBytes(interval.to);
}

function readEnd(reader: ByteReader, length: number): RingId {
  const bytes = reader.raw(reader.bounded(length, NAME_BYTES, 'length of an interval end'));
  if (length > 0 && bytes[length - 1] === 0) {
    throw new RingError('RING_WIRE_VALUE_INVALID', 'The end of an interval is not in its shortest form.', {
      length,
    });
  }
  const end = new Uint8Array(RING_ID_BYTES);
  end.set(bytes);
  return end;
}

/** Length without trailing zeros; an end has no other bytes beyond a name's. */
function significantBytes(end: RingId): number {
  let length = NAME_BYTES;
  while (length > 0 && end[length - 1] === 0) length -= 1;
  return length;
}
