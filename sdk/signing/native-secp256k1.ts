import { LRUCache } from 'lru-cache';
import secp256k1 from 'secp256k1';

import { requireLength } from '../protocol/bytes.ts';
import type { Address } from '../protocol/identifiers.ts';
import {
  addressOfPublicKey,
  joinCompact,
  SIGNATURE_BYTES,
  signatureInvalid,
  type Secp256k1,
} from '../protocol/signature.ts';

/** Keys whose address is remembered: the viewers and grant keys that an edge or a coordinator meets at a time. */
const MAX_KNOWN_KEYS = 16_384;

const PUBLIC_KEY_BYTES = 65;
const PARITY_BIT = 0x80;
/** floor(n / 2): the largest s that is taken. */
const LARGEST_LOW_S = Uint8Array.from([
  ...[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ...[0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0],
]);

/**
 * libsecp256k1 through N-API: some thirty times faster than pure JavaScript at recovering signers.
 * The package falls back to its own JavaScript where no prebuilt binary fits, with the same answers.
 *
 * Signers are always recovered, never verified against a key that is known: verifying ignores the parity bit, which
 * the contract reads, so that a node could be given receipts that are worth nothing on chain. What is saved instead
 * is deriving the address: it is remembered for keys met before.
 */
export class NativeSecp256k1 implements Secp256k1 {
  readonly #addresses = new LRUCache<string, Address>({ max: MAX_KNOWN_KEYS });
  // Calls are synchronous and nothing of these outlives one.
  readonly #rs = new Uint8Array(SIGNATURE_BYTES);
  readonly #publicKey = Buffer.alloc(PUBLIC_KEY_BYTES);

  recover(digest: Uint8Array, signature: Uint8Array): Address {
    requireLength(digest, 32);
    requireLength(signature, SIGNATURE_BYTES);
    const rs = this.#rs;
    rs.set(signature);
    const top = rs[32] ?? 0;
    rs[32] = top & ~PARITY_BIT;
    if (hasHighS(rs)) throw signatureInvalid('s is in the upper half of the group order');
    try {
      secp256k1.ecdsaRecover(rs, top >> 7, digest, false, this.#publicKey);
    } catch {
      throw signatureInvalid('no public key can be recovered from it');
    }
    return this.#addressOf(this.#publicKey);
  }

  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
    requireLength(digest, 32);
    requireLength(privateKey, 32);
    const { signature, recid } = secp256k1.ecdsaSign(digest, privateKey);
    return joinCompact(signature, recid);
  }

  addressOf(privateKey: Uint8Array): Address {
    requireLength(privateKey, 32);
    if (!secp256k1.privateKeyVerify(privateKey)) throw signatureInvalid('the private key is out of range');
    return addressOfPublicKey(secp256k1.publicKeyCreate(privateKey, false));
  }

  #addressOf(publicKey: Buffer): Address {
    const key = publicKey.toString('latin1');
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const address = addressOfPublicKey(publicKey);
    this.#addresses.set(key, address);
    return address;
  }
}

/** The native implementation that a process shares. */
export const nativeSecp256k1: Secp256k1 = new NativeSecp256k1();

function hasHighS(rs: Uint8Array): boolean {
  for (let i = 0; i < LARGEST_LOW_S.length; i++) {
    const difference = (rs[32 + i] ?? 0) - (LARGEST_LOW_S[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
