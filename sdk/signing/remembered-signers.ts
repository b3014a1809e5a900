import { LRUCache } from 'lru-cache';

import { requireLength } from '../protocol/bytes.ts';
import type { Address } from '../protocol/identifiers.ts';
import { SIGNATURE_BYTES, type Secp256k1 } from '../protocol/signature.ts';

/** Signatures whose signer is remembered: some 300 bytes of memory each. */
const MAX_REMEMBERED_SIGNATURES = 65_536;

/**
 * Remembers who made a signature, so that the grant under each new receipt, and a pair that is handed in again, costs
 * hashes only. Only whole signatures of whole digests are remembered, and no refusals: nothing is taken that the
 * implementation behind it has not taken.
 */
export class RememberedSigners implements Secp256k1 {
  readonly #behind: Secp256k1;
  readonly #signers: LRUCache<string, Address>;

  /** @param maxSignatures signatures to remember; those asked for longest ago are forgotten first. @default 65,536 */
  constructor(behind: Secp256k1, maxSignatures = MAX_REMEMBERED_SIGNATURES) {
    this.#behind = behind;
    this.#signers = new LRUCache({ max: maxSignatures });
  }

  recover(digest: Uint8Array, signature: Uint8Array): Address {
    requireLength(digest, 32);
    requireLength(signature, SIGNATURE_BYTES);
    const key = latin1(digest) + latin1(signature);
    const known = this.#signers.get(key);
    if (known !== undefined) return known;
    const signer = this.#behind.recover(digest, signature);
    this.#signers.set(key, signer);
    return signer;
  }

  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
    return this.#behind.sign(digest, privateKey);
  }

  addressOf(privateKey: Uint8Array): Address {
    return this.#behind.addressOf(privateKey);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
