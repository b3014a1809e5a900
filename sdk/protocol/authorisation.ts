import {
  bytesToHex,
  concatBytes,
  copyBytes,
  readUint64,
  requireLength,
  uint64ToBytes,
  type Hex,
} from './bytes.ts';
import {
  addressWord,
  bytes32Word,
  structHash,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import { requireVersion } from './grant.ts';
import {
  addressFromBytes,
  identifierBytes,
  parseAddress,
  parseContentRoot,
  parseDealId,
  type Address,
  type ContentRoot,
  type DealId,
} from './identifiers.ts';
import { SIGNATURE_BYTES } from './signature.ts';

/** A publisher's leave to place a content on one node of its deal. */
export interface Upload {
  readonly dealId: DealId;
  readonly node: Address;
  readonly contentRoot: ContentRoot;
  /** Size of the CAR that will be sent; the node takes no byte more. */
  readonly bytes: bigint;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

export interface SignedUpload {
  readonly upload: Upload;
  /** By the deal's publisher, EIP-2098. */
  readonly signature: Uint8Array;
}

/** A viewer's proof that it holds its key, bound to a nonce of the coordinator. Never goes on chain. */
export interface GrantRequest {
  readonly viewerKey: Address;
  readonly dealId: DealId;
  readonly nonce: Hex;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** A publisher's leave to read the books of its deal from a coordinator. Never goes on chain. */
export interface BooksRequest {
  readonly dealId: DealId;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** A node's proof that it asks for itself when it settles with a coordinator. Never goes on chain. */
export interface SettlementRequest {
  readonly dealId: DealId;
  readonly node: Address;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** A publisher's word who may be granted something of its deal. Never goes on chain. */
export interface Audience {
  readonly dealId: DealId;
  /** Signs the admissions of viewers; `OPEN_AUDIENCE` lets everybody in. */
  readonly audienceKey: Address;
  /** Unix seconds; the latest message is the one that counts. */
  readonly issuedAt: bigint;
}

/** A publisher's word that it knows a viewer, as its log-in service gives it out. Never goes on chain. */
export interface Admission {
  readonly dealId: DealId;
  readonly viewerKey: Address;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

/** Names no key: a deal with this audience, like one without any, grants to every viewer key that asks. */
export const OPEN_AUDIENCE = parseAddress(`0x${'00'.repeat(20)}`);
/** Longest time from a request to the expiry of its admission: so long a viewer stays in whom the publisher wants out. */
export const MAX_ADMISSION_SECONDS = 86_400;

const UPLOAD_TYPE_HASH = typeHash(
  'Upload(bytes32 dealId,address node,bytes32 contentRoot,uint64 bytes,uint64 expiresAt)',
);
const GRANT_REQUEST_TYPE_HASH = typeHash(
  'GrantRequest(address viewerKey,bytes32 dealId,bytes32 nonce,uint64 expiresAt)',
);
const BOOKS_REQUEST_TYPE_HASH = typeHash('BooksRequest(bytes32 dealId,uint64 expiresAt)');
const SETTLEMENT_REQUEST_TYPE_HASH = typeHash(
  'SettlementRequest(bytes32 dealId,address node,uint64 expiresAt)',
);
/** Encoded type of the message (EIP-712, encodeType): wallets are shown its members by these names. */
export const AUDIENCE_TYPE = 'Audience(bytes32 dealId,address audienceKey,uint64 issuedAt)';
const AUDIENCE_TYPE_HASH = typeHash(AUDIENCE_TYPE);
const ADMISSION_TYPE_HASH = typeHash('Admission(bytes32 dealId,address viewerKey,uint64 expiresAt)');

const UPLOAD_VERSION = 1;
/** version 1, dealId 32, node 20, contentRoot 32, bytes 8, expiresAt 8, signature 64. */
export const SIGNED_UPLOAD_BYTES = 1 + 32 + 20 + 32 + 8 + 8 + SIGNATURE_BYTES;

export function uploadDigest(domain: Domain, upload: Upload): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      UPLOAD_TYPE_HASH,
      bytes32Word(upload.dealId),
      addressWord(upload.node),
      bytes32Word(upload.contentRoot),
      uintWord(upload.bytes),
      uintWord(upload.expiresAt),
    ),
  );
}

export function encodeSignedUpload({ upload, signature }: SignedUpload): Uint8Array {
  requireLength(signature, SIGNATURE_BYTES);
  return concatBytes(
    Uint8Array.of(UPLOAD_VERSION),
    identifierBytes(upload.dealId),
    identifierBytes(upload.node),
    identifierBytes(upload.contentRoot),
    uint64ToBytes(upload.bytes),
    uint64ToBytes(upload.expiresAt),
    signature,
  );
}

/** Decodes the layout only. @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN */
export function decodeSignedUpload(bytes: Uint8Array): SignedUpload {
  requireLength(bytes, SIGNED_UPLOAD_BYTES);
  requireVersion(bytes, UPLOAD_VERSION);
  return {
    upload: {
      dealId: parseDealId(bytesToHex(bytes.subarray(1, 33))),
      node: addressFromBytes(bytes.subarray(33, 53)),
      contentRoot: parseContentRoot(bytesToHex(bytes.subarray(53, 85))),
      bytes: readUint64(bytes, 85),
      expiresAt: readUint64(bytes, 93),
    },
    signature: copyBytes(bytes.subarray(101)),
  };
}

export function grantRequestDigest(domain: Domain, request: GrantRequest): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      GRANT_REQUEST_TYPE_HASH,
      addressWord(request.viewerKey),
      bytes32Word(request.dealId),
      bytes32Word(request.nonce),
      uintWord(request.expiresAt),
    ),
  );
}

/** Signed by the deal's publisher. */
export function booksRequestDigest(domain: Domain, request: BooksRequest): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(BOOKS_REQUEST_TYPE_HASH, bytes32Word(request.dealId), uintWord(request.expiresAt)),
  );
}

/** Signed by the node. */
export function settlementRequestDigest(domain: Domain, request: SettlementRequest): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      SETTLEMENT_REQUEST_TYPE_HASH,
      bytes32Word(request.dealId),
      addressWord(request.node),
      uintWord(request.expiresAt),
    ),
  );
}

/** Signed by the deal's publisher. */
export function audienceDigest(domain: Domain, audience: Audience): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      AUDIENCE_TYPE_HASH,
      bytes32Word(audience.dealId),
      addressWord(audience.audienceKey),
      uintWord(audience.issuedAt),
    ),
  );
}

/** Signed by the audience key of the deal. */
export function admissionDigest(domain: Domain, admission: Admission): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      ADMISSION_TYPE_HASH,
      bytes32Word(admission.dealId),
      addressWord(admission.viewerKey),
      uintWord(admission.expiresAt),
    ),
  );
}
