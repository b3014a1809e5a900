import {
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  readUint32,
  readUint64,
  uint32ToBytes,
  uint64ToBytes,
  utf8ToBytes,
} from '../protocol/bytes.ts';
import type { ErrorBody } from '../protocol/http.ts';
import { identifierBytes, parseGrantHash, type GrantHash } from '../protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../protocol/limits.ts';
import { BLOCK_ANSWER_HEAD_BYTES, MAX_REFUSAL_BYTES } from './delivery-limits.ts';
import { malformed, MessageKind } from './delivery-protocol.ts';

/** What a node says of a grant in its answers. Bytes. */
export interface Standing {
  readonly windowBytes: number;
  readonly servedBytes: number;
  /** Receipted and on disk. */
  readonly acknowledgedBytes: number;
}

/** What is safely recorded of one grant. */
export interface Recorded {
  readonly grantHash: GrantHash;
  readonly bytes: number;
}

/** Everything a node sends, except that the bytes of a block stay behind its head. */
export type DeliveryAnswer =
  | {
      readonly kind: 'block';
      readonly request: number;
      readonly standing: Standing;
      readonly block: Uint8Array;
    }
  | {
      readonly kind: 'refused';
      readonly request: number;
      /** As HTTP would answer: it tells refusals of unknown code apart. */
      readonly status: number;
      /** Undefined while no grant is open. */
      readonly standing: Standing | undefined;
      /** UTF-8 of an ErrorBody; the reader checks its form. */
      readonly body: Uint8Array;
    }
  | { readonly kind: 'recorded'; readonly request: number; readonly recorded: readonly Recorded[] };

const STANDING_BYTES = 24;
const RECORDED_BYTES = 40;
const REFUSED_HEAD_BYTES = 1 + 4 + 2 + 1;

/** What stands before the bytes of a block. */
export function encodeBlockHead(request: number, standing: Standing): Uint8Array {
  return concatBytes(Uint8Array.of(MessageKind.block), uint32ToBytes(request), encodeStanding(standing));
}

export function encodeRefused(
  request: number,
  refusal: { readonly status: number; readonly body: ErrorBody; readonly standing: Standing | undefined },
): Uint8Array {
  const { status, standing, body } = refusal;
  const head = concatBytes(Uint8Array.of(MessageKind.refused), uint32ToBytes(request));
  const flags = Uint8Array.of(status >> 8, status & 0xff, standing === undefined ? 0 : 1);
  const stood = standing === undefined ? new Uint8Array(0) : encodeStanding(standing);
  return concatBytes(head, flags, stood, utf8ToBytes(fitting(body)));
}

export function encodeRecorded(request: number, recorded: readonly Recorded[]): Uint8Array {
  return concatBytes(
    Uint8Array.of(MessageKind.recorded),
    uint32ToBytes(request),
    ...recorded.flatMap(({ grantHash, bytes }) => [identifierBytes(grantHash), uint64ToBytes(BigInt(bytes))]),
  );
}

/** @throws DeliveryMessageError DELIVERY_MESSAGE_MALFORMED for anything but one well-formed message of a node */
export function decodeAnswer(body: Uint8Array): DeliveryAnswer {
  switch (body[0]) {
    case MessageKind.block:
      if (body.length < BLOCK_ANSWER_HEAD_BYTES) throw malformed(body, 'it ends early');
      return {
        kind: 'block',
        request: readUint32(body, 1),
        standing: standingAt(body, 5),
        block: body.subarray(BLOCK_ANSWER_HEAD_BYTES),
      };
    case MessageKind.refused:
      return refusedOf(body);
    case MessageKind.recorded:
      return { kind: 'recorded', request: requestOf(body), recorded: recordedOf(body) };
    default:
      throw malformed(body, 'its kind is unknown');
  }
}

function refusedOf(body: Uint8Array): DeliveryAnswer {
  const stands = body[7];
  const jsonAt = REFUSED_HEAD_BYTES + (stands === 1 ? STANDING_BYTES : 0);
  if (stands !== 0 && stands !== 1) throw malformed(body, 'its mark is unknown');
  if (body.length <= jsonAt || body.length > jsonAt + MAX_REFUSAL_BYTES) {
    throw malformed(body, 'a refusal has another length');
  }
  const standing = stands === 1 ? standingAt(body, REFUSED_HEAD_BYTES) : undefined;
  const status = ((body[5] ?? 0) << 8) | (body[6] ?? 0);
  return { kind: 'refused', request: readUint32(body, 1), status, standing, body: body.subarray(jsonAt) };
}

function recordedOf(body: Uint8Array): Recorded[] {
  const count = (body.length - 5) / RECORDED_BYTES;
  if (!Number.isInteger(count) || count > MAX_RECEIPTS_PER_REQUEST) {
    throw malformed(body, 'records have another length');
  }
  return Array.from({ length: count }, (_, index) => {
    const at = 5 + index * RECORDED_BYTES;
    return {
      grantHash: parseGrantHash(bytesToHex(body.subarray(at, at + 32))),
      bytes: countAt(body, at + 32),
    };
  });
}

function requestOf(body: Uint8Array): number {
  if (body.length < 5) throw malformed(body, 'it names no request');
  return readUint32(body, 1);
}

function encodeStanding({ windowBytes, servedBytes, acknowledgedBytes }: Standing): Uint8Array {
  return concatBytes(...[windowBytes, servedBytes, acknowledgedBytes].map((n) => uint64ToBytes(BigInt(n))));
}

function standingAt(body: Uint8Array, offset: number): Standing {
  return {
    windowBytes: countAt(body, offset),
    servedBytes: countAt(body, offset + 8),
    acknowledgedBytes: countAt(body, offset + 16),
  };
}

function countAt(body: Uint8Array, offset: number): number {
  if (body.length < offset + 8) throw malformed(body, 'it ends early');
  const count = Number(readUint64(body, offset));
  if (!Number.isSafeInteger(count)) throw malformed(body, 'a count is beyond 2^53');
  return count;
}

/** The JSON of an error within the limit: values are the first thing to go. */
function fitting(body: ErrorBody): string {
  const text = JSON.stringify(body);
  if (utf8ToBytes(text).length <= MAX_REFUSAL_BYTES) return text;
  const { code, message, remedy } = body.error;
  const short = { code, message: message.slice(0, 1_000), values: {}, remedy: remedy.slice(0, 1_000) };
  return JSON.stringify({ error: short });
}

/** The error body of a refusal; undefined for what is no JSON. */
export function parseRefusal(body: Uint8Array): unknown {
  try {
    return JSON.parse(bytesToUtf8(body));
  } catch {
    // What is not JSON has no fields: the status says so to the caller.
    return undefined;
  }
}
