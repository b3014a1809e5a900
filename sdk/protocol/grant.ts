import {
  concatBytes,
  copyBytes,
  bytesToHex,
  readUint32,
  readUint64,
  requireLength,
  uint32ToBytes,
  uint64ToBytes,
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
import { ProtocolError } from './errors.ts';
import {
  addressFromBytes,
  identifierBytes,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
  type GrantHash,
} from './identifiers.ts';
import { SIGNATURE_BYTES } from './signature.ts';

/** Leave for one viewer key to fetch up to a cap from one node during one epoch (PAYMENT.md, messages). */
export interface Grant {
  readonly dealId: DealId;
  readonly node: Address;
  readonly viewerKey: Address;
  readonly epoch: Epoch;
  readonly capBytes: bigint;
  readonly contentRoot: ContentRoot;
}

export interface SignedGrant {
  readonly grant: Grant;
  /** By the deal's grant key, EIP-2098. */
  readonly signature: Uint8Array;
}

export const GRANT_TYPE =
  'Grant(bytes32 dealId,address node,address viewerKey,uint32 epoch,uint64 capBytes,bytes32 contentRoot)';
const GRANT_TYPE_HASH = typeHash(GRANT_TYPE);

const GRANT_VERSION = 1;
/** version 1, dealId 32, node 20, viewerKey 20, epoch 4, capBytes 8, contentRoot 32, signature 64. */
export const SIGNED_GRANT_BYTES = 1 + 32 + 20 + 20 + 4 + 8 + 32 + SIGNATURE_BYTES;

export function grantDigest(domain: Domain, grant: Grant): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      GRANT_TYPE_HASH,
      bytes32Word(grant.dealId),
      addressWord(grant.node),
      addressWord(grant.viewerKey),
      uintWord(grant.epoch),
      uintWord(grant.capBytes),
      bytes32Word(grant.contentRoot),
    ),
  );
}

/** The name of a grant in receipts: its digest, domain included. */
export function grantHashOf(domain: Domain, grant: Grant): GrantHash {
  return bytesToHex(grantDigest(domain, grant)) as GrantHash;
}

export function encodeSignedGrant({ grant, signature }: SignedGrant): Uint8Array {
  requireLength(signature, SIGNATURE_BYTES);
  return concatBytes(
    Uint8Array.of(GRANT_VERSION),
    identifierBytes(grant.dealId),
    identifierBytes(grant.node),
    identifierBytes(grant.viewerKey),
    uint32ToBytes(grant.epoch),
    uint64ToBytes(grant.capBytes),
    identifierBytes(grant.contentRoot),
    signature,
  );
}

/**
 * Decodes the layout only: check the signature against the deal's grant key before use.
 * @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN
 */
export function decodeSignedGrant(bytes: Uint8Array): SignedGrant {
  requireLength(bytes, SIGNED_GRANT_BYTES);
  requireVersion(bytes, GRANT_VERSION);
  return {
    grant: {
      dealId: parseDealId(bytesToHex(bytes.subarray(1, 33))),
      node: addressFromBytes(bytes.subarray(33, 53)),
      viewerKey: addressFromBytes(bytes.subarray(53, 73)),
      epoch: parseEpoch(readUint32(bytes, 73)),
      capBytes: readUint64(bytes, 77),
      contentRoot: parseContentRoot(bytesToHex(bytes.subarray(85, 117))),
    },
    signature: copyBytes(bytes.subarray(117)),
  };
}

/** @throws ProtocolError VERSION_UNKNOWN unless the first byte is the version this code speaks */
export function requireVersion(bytes: Uint8Array, expected: number): void {
  if (bytes[0] !== expected) {
    throw new ProtocolError(
      'VERSION_UNKNOWN',
      `Expected message version ${expected}, got ${bytes[0] ?? 'nothing'}.`,
      {
        expected,
        actual: bytes[0] ?? -1,
      },
    );
  }
}
