import { crc32 } from 'node:zlib';

import {
  concatBytes,
  readUint32,
  uint32ToBytes,
  uint64ToBytes,
  readUint64,
} from '../../../sdk/protocol/bytes.ts';
import {
  decodeSignedGrant,
  encodeSignedGrant,
  SIGNED_GRANT_BYTES,
  type SignedGrant,
} from '../../../sdk/protocol/grant.ts';
import { hexToBytes, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseDealId, parseEpoch, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { DealId, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import {
  decodeSignedReceipt,
  encodeSignedReceipt,
  SIGNED_RECEIPT_BYTES,
  type SignedReceipt,
} from '../../../sdk/protocol/receipt.ts';
import { StorageError } from '../../core/storage/storage-error.ts';

/*
 * Layout of a journal file, all integers big-endian:
 *   header   "BCDNJRNL" 8 bytes, version uint32
 *   frames   marker 4 bytes, body length uint32, CRC-32 of length and body uint32, body
 *   body     records: type uint8, fields of fixed length
 * One frame is one batch: what one fdatasync made durable. A frame is taken whole or not at all.
 */

const MAGIC = new TextEncoder().encode('BCDNJRNL');
export const JOURNAL_VERSION = 1;
export const HEADER_BYTES = MAGIC.length + 4;

const MARKER = Uint8Array.of(0xbc, 0xd7, 0x4a, 0x0d);
export const FRAME_HEADER_BYTES = MARKER.length + 8;
/** Largest body of a frame. A batch of 256 grants and receipts takes 96 KiB. */
export const MAX_FRAME_BODY_BYTES = 1024 * 1024;

/** A grant that was opened. */
export interface GrantRecord {
  readonly kind: 'grant';
  readonly grantHash: GrantHash;
  readonly signedGrant: SignedGrant;
}

/** A receipt better than every earlier one of its grant. */
export interface ReceiptRecord {
  readonly kind: 'receipt';
  readonly signedReceipt: SignedReceipt;
}

/** The epochs of a deal up to one take no more receipts. */
export interface ClosedRecord {
  readonly kind: 'closed';
  readonly dealId: DealId;
  readonly throughEpoch: Epoch;
}

/** The epochs of a deal up to one are paid: their receipts need not be kept. */
export interface PaidRecord {
  readonly kind: 'paid';
  readonly dealId: DealId;
  readonly throughEpoch: Epoch;
  /** Receipted bytes of the deal that are no longer kept one by one. */
  readonly forgottenBytes: bigint;
}

export type JournalRecord = GrantRecord | ReceiptRecord | ClosedRecord | PaidRecord;

const TYPE = { grant: 1, receipt: 2, closed: 3, paid: 4 } as const;
const RECORD_BYTES = new Map<number, number>([
  [TYPE.grant, 32 + SIGNED_GRANT_BYTES],
  [TYPE.receipt, SIGNED_RECEIPT_BYTES],
  [TYPE.closed, 32 + 4],
  [TYPE.paid, 32 + 4 + 8],
]);

export function encodeHeader(): Uint8Array {
  return concatBytes(MAGIC, uint32ToBytes(JOURNAL_VERSION));
}

/** Version of the file, or undefined when it does not begin like a journal. */
export function headerVersion(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0
    ? readUint32(bytes, MAGIC.length)
    : undefined;
}

export function encodeRecord(record: JournalRecord): Uint8Array {
  switch (record.kind) {
    case 'grant':
      return concatBytes(
        Uint8Array.of(TYPE.grant),
        hexToBytes(record.grantHash),
        encodeSignedGrant(record.signedGrant),
      );
    case 'receipt':
      return concatBytes(Uint8Array.of(TYPE.receipt), encodeSignedReceipt(record.signedReceipt));
    case 'closed':
      return concatBytes(
        Uint8Array.of(TYPE.closed),
        hexToBytes(record.dealId),
        uint32ToBytes(record.throughEpoch),
      );
    case 'paid':
      return concatBytes(
        Uint8Array.of(TYPE.paid),
        hexToBytes(record.dealId),
        uint32ToBytes(record.throughEpoch),
        uint64ToBytes(record.forgottenBytes),
      );
  }
}

export function encodeFrame(body: Uint8Array): Uint8Array {
  const length = uint32ToBytes(body.length);
  return concatBytes(MARKER, length, uint32ToBytes(frameCrc(length, body)), body);
}

function frameCrc(length: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(length));
}

/** The body of the frame at the start of `bytes`, or undefined when it is cut short or damaged. */
export function readFrame(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || Buffer.compare(bytes.subarray(0, 4), MARKER) !== 0)
    return undefined;
  const length = readUint32(bytes, 4);
  if (length > MAX_FRAME_BODY_BYTES || FRAME_HEADER_BYTES + length > bytes.length) return undefined;
  const body = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
  return frameCrc(bytes.subarray(4, 8), body) === readUint32(bytes, 8) ? body : undefined;
}

/** Offset of the next whole frame at or after `from`, or -1. */
export function findFrame(bytes: Uint8Array, from: number): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = view.indexOf(MARKER, from); at !== -1; at = view.indexOf(MARKER, at + 1)) {
    if (readFrame(bytes.subarray(at)) !== undefined) return at;
  }
  return -1;
}

/** @throws StorageError JOURNAL_CORRUPT for a record of unknown type or length */
export function* decodeRecords(body: Uint8Array): Generator<JournalRecord> {
  let offset = 0;
  while (offset < body.length) {
    const type = body[offset] ?? 0;
    const length = RECORD_BYTES.get(type);
    if (length === undefined || offset + 1 + length > body.length) {
      throw new StorageError('JOURNAL_CORRUPT', `A journal record has the unknown type ${type}.`, {
        values: { type },
        remedy: 'The journal was written by a newer version of this program: start that version.',
      });
    }
    yield decodeRecord(type, body.subarray(offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
}

function decodeRecord(type: number, fields: Uint8Array): JournalRecord {
  const id = bytesToHex(fields.subarray(0, 32));
  switch (type) {
    case TYPE.grant:
      return {
        kind: 'grant',
        grantHash: parseGrantHash(id),
        signedGrant: decodeSignedGrant(fields.subarray(32)),
      };
    case TYPE.receipt:
      return { kind: 'receipt', signedReceipt: decodeSignedReceipt(fields) };
    case TYPE.closed:
      return { kind: 'closed', dealId: parseDealId(id), throughEpoch: parseEpoch(readUint32(fields, 32)) };
    default:
      return {
        kind: 'paid',
        dealId: parseDealId(id),
        throughEpoch: parseEpoch(readUint32(fields, 32)),
        forgottenBytes: readUint64(fields, 36),
      };
  }
}
