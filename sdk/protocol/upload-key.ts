import { keccak_256 } from '@noble/hashes/sha3.js';

import { bytesToHex, concatBytes, copyBytes, requireLength, type Hex } from './bytes.ts';
import { addressWord, bytes32Word, structHash, typeHash, uintWord, type Domain } from './eip712.ts';
import { requireVersion } from './grant.ts';
import {
  addressFromBytes,
  identifierBytes,
  parseBytes32,
  parseDealId,
  type Address,
  type DealId,
} from './identifiers.ts';

/**
 * A key that may place the content of one deal, named by the deal itself: the salt that the publisher opened it with is a
 * hash over the key. So whoever opened the deal has named the key, and a wallet signs nothing more (SPEC.md, upload keys).
 */
export interface UploadKey {
  /** Signs uploads in the publisher's place. */
  readonly uploadKey: Address;
  /** 32 random bytes: makes the salt of each deal another. */
  readonly nonce: Hex;
}

const UPLOAD_KEY_TYPE_HASH = typeHash('UploadKey(address uploadKey,bytes32 nonce)');
const UPLOAD_KEY_VERSION = 1;
/** version 1, uploadKey 20, nonce 32. */
export const UPLOAD_KEY_BYTES = 1 + 20 + 32;

/** The salt to open a deal with, so that this key can place its content. */
export function saltOfUploadKey({ uploadKey, nonce }: UploadKey): Hex {
  return bytesToHex(structHash(UPLOAD_KEY_TYPE_HASH, addressWord(uploadKey), bytes32Word(nonce)));
}

/** The identifier of the deal that `publisher` opens with `salt`, as the market computes it. */
export function dealIdOfSalt(domain: Domain, publisher: Address, salt: Hex): DealId {
  const words = [
    uintWord(domain.chainId),
    addressWord(domain.verifyingContract),
    addressWord(publisher),
    bytes32Word(salt),
  ];
  return parseDealId(bytesToHex(keccak_256(concatBytes(...words))));
}

export function encodeUploadKey({ uploadKey, nonce }: UploadKey): Uint8Array {
  return concatBytes(
    Uint8Array.of(UPLOAD_KEY_VERSION),
    identifierBytes(uploadKey),
    bytes32Word(parseBytes32(nonce, 'nonce')),
  );
}

/** Decodes the layout only. @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN */
export function decodeUploadKey(bytes: Uint8Array): UploadKey {
  requireLength(bytes, UPLOAD_KEY_BYTES);
  requireVersion(bytes, UPLOAD_KEY_VERSION);
  return {
    uploadKey: addressFromBytes(bytes.subarray(1, 21)),
    nonce: bytesToHex(copyBytes(bytes.subarray(21))),
  };
}
