import { bytesToHex, concatBytes, copyBytes, readUint64, requireLength, uint64ToBytes } from './bytes.ts';
import { bytes32Word, structHash, typedDataDigest, typeHash, uintWord, type Domain } from './eip712.ts';
import {
  decodeSignedGrant,
  encodeSignedGrant,
  requireVersion,
  SIGNED_GRANT_BYTES,
  type SignedGrant,
} from './grant.ts';
import { ProtocolError } from './errors.ts';
import { identifierBytes, parseGrantHash, type GrantHash } from './identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from './limits.ts';
import { SIGNATURE_BYTES } from './signature.ts';

/** The viewer's word that it holds this many verified bytes under the grant, counted from its start. */
export interface Receipt {
  readonly grantHash: GrantHash;
  readonly bytesCumulative: bigint;
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  /** By the grant's viewer key, EIP-2098. */
  readonly signature: Uint8Array;
}

/** A receipt with the grant it belongs to: enough for anybody to check it. */
export interface ReceiptWithGrant {
  readonly signedGrant: SignedGrant;
  readonly signedReceipt: SignedReceipt;
}

export const RECEIPT_TYPE = 'Receipt(bytes32 grantHash,uint64 bytesCumulative)';
const RECEIPT_TYPE_HASH = typeHash(RECEIPT_TYPE);

const RECEIPT_VERSION = 1;
/** version 1, grantHash 32, bytesCumulative 8, signature 64. */
export const SIGNED_RECEIPT_BYTES = 1 + 32 + 8 + SIGNATURE_BYTES;
export const RECEIPT_WITH_GRANT_BYTES = SIGNED_GRANT_BYTES + SIGNED_RECEIPT_BYTES;

export function receiptDigest(domain: Domain, receipt: Receipt): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(RECEIPT_TYPE_HASH, bytes32Word(receipt.grantHash), uintWord(receipt.bytesCumulative)),
  );
}

export function encodeSignedReceipt({ receipt, signature }: SignedReceipt): Uint8Array {
  requireLength(signature, SIGNATURE_BYTES);
  return concatBytes(
    Uint8Array.of(RECEIPT_VERSION),
    identifierBytes(receipt.grantHash),
    uint64ToBytes(receipt.bytesCumulative),
    signature,
  );
}

/** Decodes the layout only. @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN */
export function decodeSignedReceipt(bytes: Uint8Array): SignedReceipt {
  requireLength(bytes, SIGNED_RECEIPT_BYTES);
  requireVersion(bytes, RECEIPT_VERSION);
  return {
    receipt: {
      grantHash: parseGrantHash(bytesToHex(bytes.subarray(1, 33))),
      bytesCumulative: readUint64(bytes, 33),
    },
    signature: copyBytes(bytes.subarray(41)),
  };
}

export function encodeSignedReceipts(receipts: readonly SignedReceipt[]): Uint8Array {
  return concatBytes(...receipts.map(encodeSignedReceipt));
}

/** @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN; at most MAX_RECEIPTS_PER_REQUEST are taken */
export function decodeSignedReceipts(bytes: Uint8Array): SignedReceipt[] {
  return splitRecords(bytes, SIGNED_RECEIPT_BYTES).map(decodeSignedReceipt);
}

export function encodeReceiptsWithGrants(pairs: readonly ReceiptWithGrant[]): Uint8Array {
  return concatBytes(
    ...pairs.flatMap((pair) => [
      encodeSignedGrant(pair.signedGrant),
      encodeSignedReceipt(pair.signedReceipt),
    ]),
  );
}

/** @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN; at most MAX_RECEIPTS_PER_REQUEST pairs are taken */
export function decodeReceiptsWithGrants(bytes: Uint8Array): ReceiptWithGrant[] {
  return splitRecords(bytes, RECEIPT_WITH_GRANT_BYTES).map((pair) => ({
    signedGrant: decodeSignedGrant(pair.subarray(0, SIGNED_GRANT_BYTES)),
    signedReceipt: decodeSignedReceipt(pair.subarray(SIGNED_GRANT_BYTES)),
  }));
}

function splitRecords(bytes: Uint8Array, recordBytes: number): Uint8Array[] {
  const count = bytes.length / recordBytes;
  if (!Number.isInteger(count) || count > MAX_RECEIPTS_PER_REQUEST) {
    throw new ProtocolError(
      'LENGTH_INVALID',
      `Expected at most ${MAX_RECEIPTS_PER_REQUEST} records of ${recordBytes} bytes, got ${bytes.length} bytes.`,
      { recordBytes, maxRecords: MAX_RECEIPTS_PER_REQUEST, actual: bytes.length },
    );
  }
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * recordBytes, (i + 1) * recordBytes));
}
