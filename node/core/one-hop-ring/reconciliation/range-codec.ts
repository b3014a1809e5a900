import { MAX_ASKED_RANGES, MAX_LISTED_ENTRIES } from '../limits.ts';
import { NAME_BYTES } from '../member-names.ts';
import { MEMBER_STATES } from '../membership-event.ts';
import { RingError } from '../ring-error.ts';
import { DIGEST_BYTES, readDigest, readMany, writeDigest } from '../wire-fields.ts';
import type { ListedEntry, RangeDigests, RangePart } from '../wire-message.ts';
import type { ByteReader, ByteWriter } from '../wire-primitives.ts';
import { FAN_OUT, MAX_DEPTH, prefixBytes, type RangeNode } from './range-node.ts';

/** What follows a node: a number of listed entries, or this. */
const DIGESTS_FOLLOW = 0xff;
const ENTRY_BYTES = NAME_BYTES + 4 + 1;
/** Parts of one answer: every child of every node asked about. */
const MAX_PARTS = MAX_ASKED_RANGES * FAN_OUT;

export function writeQuestion(writer: ByteWriter, ranges: readonly RangeDigests[]): void {
  writer.uint8(ranges.length);
  for (const { node, digests } of ranges) {
    writeNode(writer, node);
    for (const digest of digests) writeDigest(writer, digest);
  }
}

/** @throws RingError RING_WIRE_* */
export function readQuestion(reader: ByteReader): RangeDigests[] {
  const count = reader.bounded(reader.uint8(), MAX_ASKED_RANGES, 'number of ranges');
  return readMany(count, () => ({ node: readNode(reader), digests: readChildDigests(reader) }));
}

export function questionBytes(ranges: readonly RangeDigests[]): number {
  let bytes = 1;
  for (const { node } of ranges) bytes += nodeBytes(node) + FAN_OUT * DIGEST_BYTES;
  return bytes;
}

export function writeParts(writer: ByteWriter, parts: readonly RangePart[]): void {
  writer.uint16(parts.length);
  for (const part of parts) {
    writeNode(writer, part.node);
    if ('digests' in part) {
      writer.uint8(DIGESTS_FOLLOW);
      for (const digest of part.digests) writeDigest(writer, digest);
    } else {
      writer.uint8(part.entries.length);
      for (const { name, incarnation, state } of part.entries) {
        writer.raw(name).uint32(incarnation).uint8(MEMBER_STATES.indexOf(state));
      }
    }
  }
}

/** @throws RingError RING_WIRE_* */
export function readParts(reader: ByteReader): RangePart[] {
  const count = reader.bounded(reader.uint16(), MAX_PARTS, 'number of range parts');
  return readMany(count, () => {
    const node = readNode(reader);
    const follows = reader.uint8();
    if (follows === DIGESTS_FOLLOW) return { node, digests: readChildDigests(reader) };
    const listed = reader.bounded(follows, MAX_LISTED_ENTRIES, 'number of entries');
    return { node, entries: readMany(listed, () => readListedEntry(reader)) };
  });
}

export function partsBytes(parts: readonly RangePart[]): number {
  let bytes = 2;
  for (const part of parts) bytes += rangePartBytes(part);
  return bytes;
}

export function rangePartBytes(part: RangePart): number {
  const headBytes = nodeBytes(part.node) + 1;
  if ('digests' in part) return headBytes + FAN_OUT * DIGEST_BYTES;
  return headBytes + part.entries.length * ENTRY_BYTES;
}

function readChildDigests(reader: ByteReader): RangeDigests['digests'] {
  return readMany(FAN_OUT, () => readDigest(reader));
}

function readListedEntry(reader: ByteReader): ListedEntry {
  const name = reader.raw(NAME_BYTES);
  const incarnation = reader.uint32();
  const code = reader.bounded(reader.uint8(), MEMBER_STATES.length - 1, 'member state');
  return { name, incarnation, state: MEMBER_STATES[code] ?? 'alive' };
}

function writeNode(writer: ByteWriter, node: RangeNode): void {
  writer.uint8(node.depth).raw(node.prefix);
}

/** @throws RingError RING_WIRE_VALUE_INVALID for a depth beyond the limit or padding that is not zero */
function readNode(reader: ByteReader): RangeNode {
  const depth = reader.bounded(reader.uint8(), MAX_DEPTH, 'depth of a range');
  const prefix = reader.raw(prefixBytes(depth));
  if (depth % 2 === 1 && ((prefix[prefix.length - 1] ?? 0) & 0x0f) !== 0) {
    throw new RingError('RING_WIRE_VALUE_INVALID', 'The padding of a range is not zero.', { depth });
  }
  return { depth, prefix };
}

function nodeBytes(node: RangeNode): number {
  return 1 + prefixBytes(node.depth);
}
