import { keccak_256 } from '@noble/hashes/sha3.js';

import { concatBytes, hexToBytes, uintToBytes, utf8ToBytes } from './bytes.ts';
import type { Address } from './identifiers.ts';
import { MAX_UINT64 } from './limits.ts';

/** What separates one deployment from every other: a signature for one is worthless on another. */
export interface Domain {
  readonly chainId: bigint;
  /** The DealMarket contract. */
  readonly verifyingContract: Address;
}

const NAME = 'BCDN';
const VERSION = '1';
/** 0x1901 ‖ domain separator ‖ struct hash; only the last two parts change, and no call outlives another. */
const SIGNED_MESSAGE = new Uint8Array(2 + 32 + 32);
SIGNED_MESSAGE.set([0x19, 0x01]);
const DOMAIN_TYPE_HASH = typeHash(
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
);

/** A value of a static EIP-712 type as its 32-byte word. */
export type Word = Uint8Array;

/** keccak256 of an encoded type (EIP-712, encodeType). */
export function typeHash(encodedType: string): Word {
  return keccak_256(utf8ToBytes(encodedType));
}

/** A uint of any width. */
export function uintWord(value: bigint | number): Word {
  const integer = BigInt(value);
  if (integer < 0n || integer > MAX_UINT64) return uintToBytes(integer, 32);
  const word = new Uint8Array(32);
  new DataView(word.buffer).setBigUint64(24, integer);
  return word;
}

/** An address, padded on the left. */
export function addressWord(address: Address): Word {
  const word = new Uint8Array(32);
  word.set(hexToBytes(address, 20), 12);
  return word;
}

/** A bytes32. */
export function bytes32Word(hex: string): Word {
  return hexToBytes(hex, 32);
}

/** A string of any length: the hash of its UTF-8 bytes. */
export function stringWord(text: string): Word {
  return keccak_256(utf8ToBytes(text));
}

export function structHash(type: Word, ...members: readonly Word[]): Word {
  return keccak_256(concatBytes(type, ...members));
}

/** EIP-712 domain separator. Compute it once per deployment: it does not change. */
export function domainSeparator(domain: Domain): Word {
  return structHash(
    DOMAIN_TYPE_HASH,
    keccak_256(utf8ToBytes(NAME)),
    keccak_256(utf8ToBytes(VERSION)),
    uintWord(domain.chainId),
    addressWord(domain.verifyingContract),
  );
}

const separators = new WeakMap<Domain, Word>();

/** The digest that is signed: keccak256(0x1901 ‖ domainSeparator ‖ structHash). */
export function typedDataDigest(domain: Domain, hash: Word): Uint8Array {
  let separator = separators.get(domain);
  if (separator === undefined) {
    separator = domainSeparator(domain);
    separators.set(domain, separator);
  }
  SIGNED_MESSAGE.set(separator, 2);
  SIGNED_MESSAGE.set(hash, 34);
  return keccak_256(SIGNED_MESSAGE);
}
