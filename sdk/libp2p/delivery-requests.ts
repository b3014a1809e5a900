import { CID } from 'multiformats/cid';

import { concatBytes, readUint32, uint32ToBytes } from '../protocol/bytes.ts';
import { requireSupported } from '../protocol/content.ts';
import { SIGNED_GRANT_BYTES } from '../protocol/grant.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../protocol/limits.ts';
import { SIGNED_RECEIPT_BYTES } from '../protocol/receipt.ts';
import { MAX_CID_BYTES, MAX_LANES } from './delivery-limits.ts';
import { malformed, MessageKind } from './delivery-protocol.ts';

/** What a client sends. Grants and receipts are as they were signed: whoever decides about them decodes them. */
export type DeliveryRequest =
  /** From now on this number stands for the grant. */
  | { readonly kind: 'present'; readonly lane: number; readonly grant: Uint8Array }
  /** The newest receipt under the grant of the lane. */
  | { readonly kind: 'receipt'; readonly lane: number; readonly receipt: Uint8Array }
  /** A block, paid by the grant of the lane. */
  | { readonly kind: 'want'; readonly request: number; readonly lane: number; readonly cid: CID }
  /** Final receipts; the answer comes when they are on disk. */
  | { readonly kind: 'settle'; readonly request: number; readonly receipts: Uint8Array };

/** The body of a message; `frame` puts its length before it. */
export function encodeRequest(message: DeliveryRequest): Uint8Array {
  const kind = Uint8Array.of(MessageKind[message.kind]);
  switch (message.kind) {
    case 'present':
      return concatBytes(kind, Uint8Array.of(message.lane), message.grant);
    case 'receipt':
      return concatBytes(kind, Uint8Array.of(message.lane), message.receipt);
    case 'want': {
      const { request, lane, cid } = message;
      return concatBytes(kind, uint32ToBytes(request), Uint8Array.of(lane), cid.bytes);
    }
    case 'settle':
      return concatBytes(kind, uint32ToBytes(message.request), message.receipts);
  }
}

/** @throws DeliveryMessageError DELIVERY_MESSAGE_MALFORMED for anything but one well-formed message of a client */
export function decodeRequest(body: Uint8Array): DeliveryRequest {
  switch (body[0]) {
    case MessageKind.present:
      if (body.length !== 2 + SIGNED_GRANT_BYTES) throw malformed(body, 'a grant has another length');
      return { kind: 'present', lane: laneOf(body, 1), grant: body.subarray(2) };
    case MessageKind.receipt:
      if (body.length !== 2 + SIGNED_RECEIPT_BYTES) throw malformed(body, 'a receipt has another length');
      return { kind: 'receipt', lane: laneOf(body, 1), receipt: body.subarray(2) };
    case MessageKind.want:
      if (body.length <= 6 || body.length > 6 + MAX_CID_BYTES) throw malformed(body, 'no CID fits');
      return { kind: 'want', request: readUint32(body, 1), lane: laneOf(body, 5), cid: cidOf(body) };
    case MessageKind.settle:
      if (!isBatch(body.length - 5)) throw malformed(body, 'these are no receipts');
      return { kind: 'settle', request: readUint32(body, 1), receipts: body.subarray(5) };
    default:
      throw malformed(body, 'its kind is unknown');
  }
}

function laneOf(body: Uint8Array, offset: number): number {
  const lane = body[offset] ?? MAX_LANES;
  if (lane >= MAX_LANES) throw malformed(body, `a lane is below ${MAX_LANES}`);
  return lane;
}

function cidOf(body: Uint8Array): CID {
  try {
    return requireSupported(CID.decode(body.subarray(6)));
  } catch (cause) {
    throw malformed(body, 'it names no block', cause);
  }
}

function isBatch(bytes: number): boolean {
  const receipts = bytes / SIGNED_RECEIPT_BYTES;
  return Number.isInteger(receipts) && receipts >= 1 && receipts <= MAX_RECEIPTS_PER_REQUEST;
}
