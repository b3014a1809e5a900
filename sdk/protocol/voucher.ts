import {
  bytesToHex,
  concatBytes,
  copyBytes,
  readUint,
  readUint32,
  requireLength,
  uint32ToBytes,
  uintToBytes,
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
  parseDealId,
  parseEpoch,
  type Address,
  type DealId,
  type Epoch,
} from './identifiers.ts';
import { SIGNATURE_BYTES } from './signature.ts';

/** The collector's word that a node has earned this much in a deal, all epochs up to one included. */
export interface Voucher {
  readonly dealId: DealId;
  readonly node: Address;
  readonly throughEpoch: Epoch;
  /** Wei since the deal began, a uint128. */
  readonly cumulative: bigint;
}

export interface SignedVoucher {
  readonly voucher: Voucher;
  /** By the deal's collector, EIP-2098. */
  readonly signature: Uint8Array;
}

export const VOUCHER_TYPE = 'Voucher(bytes32 dealId,address node,uint32 throughEpoch,uint128 cumulative)';
const VOUCHER_TYPE_HASH = typeHash(VOUCHER_TYPE);

const VOUCHER_VERSION = 1;
/** version 1, dealId 32, node 20, throughEpoch 4, cumulative 16, signature 64. */
export const SIGNED_VOUCHER_BYTES = 1 + 32 + 20 + 4 + 16 + SIGNATURE_BYTES;

export function voucherDigest(domain: Domain, voucher: Voucher): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      VOUCHER_TYPE_HASH,
      bytes32Word(voucher.dealId),
      addressWord(voucher.node),
      uintWord(voucher.throughEpoch),
      uintWord(voucher.cumulative),
    ),
  );
}

export function encodeSignedVoucher({ voucher, signature }: SignedVoucher): Uint8Array {
  requireLength(signature, SIGNATURE_BYTES);
  return concatBytes(
    Uint8Array.of(VOUCHER_VERSION),
    identifierBytes(voucher.dealId),
    identifierBytes(voucher.node),
    uint32ToBytes(voucher.throughEpoch),
    uintToBytes(voucher.cumulative, 16),
    signature,
  );
}

/** Decodes the layout only. @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN */
export function decodeSignedVoucher(bytes: Uint8Array): SignedVoucher {
  requireLength(bytes, SIGNED_VOUCHER_BYTES);
  requireVersion(bytes, VOUCHER_VERSION);
  return {
    voucher: {
      dealId: parseDealId(bytesToHex(bytes.subarray(1, 33))),
      node: addressFromBytes(bytes.subarray(33, 53)),
      throughEpoch: parseEpoch(readUint32(bytes, 53)),
      cumulative: readUint(bytes.subarray(57, 73)),
    },
    signature: copyBytes(bytes.subarray(73)),
  };
}
