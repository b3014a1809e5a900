import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

import { copyBytes, requireLength } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { addressFromBytes, type Address } from './identifiers.ts';

/** A compact signature (EIP-2098): r, then s with the y parity in its top bit. */
export const SIGNATURE_BYTES = 64;

/**
 * ECDSA over secp256k1 with public-key recovery. Verifying is the node's largest fixed cost per receipt,
 * so a native implementation can take the place of the pure one (sdk/signing).
 */
export interface Secp256k1 {
  /**
   * Address whose key signed the digest.
   * @param digest 32 bytes
   * @param signature 64 bytes, EIP-2098, low s only
   * @throws ProtocolError SIGNATURE_INVALID, LENGTH_INVALID
   */
  recover(digest: Uint8Array, signature: Uint8Array): Address;
  /** Deterministic signature (RFC 6979) in EIP-2098 form, low s. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array;
  /** Address of a 32-byte private key. @throws ProtocolError SIGNATURE_INVALID for a key out of range */
  addressOf(privateKey: Uint8Array): Address;
}

/** Half the group order: a larger s is the malleable twin of a signature and refused. */
const MAX_LOW_S_FIRST_BYTE = 0x7f;

export interface SplitSignature {
  /** r ‖ s, 64 bytes. */
  readonly rs: Uint8Array;
  readonly recoveryId: 0 | 1;
}

/** Takes the parity bit out of a compact signature. @throws ProtocolError LENGTH_INVALID */
export function splitCompact(signature: Uint8Array): SplitSignature {
  requireLength(signature, SIGNATURE_BYTES);
  const rs = copyBytes(signature);
  const top = rs[32] ?? 0;
  rs[32] = top & MAX_LOW_S_FIRST_BYTE;
  return { rs, recoveryId: top > MAX_LOW_S_FIRST_BYTE ? 1 : 0 };
}

/** Puts the parity bit into r ‖ s. */
export function joinCompact(rs: Uint8Array, recoveryId: number): Uint8Array {
  const compact = copyBytes(rs);
  compact[32] = (compact[32] ?? 0) | (recoveryId << 7);
  return compact;
}

/** Address of an uncompressed public key (65 bytes, 0x04 first). */
export function addressOfPublicKey(uncompressed: Uint8Array): Address {
  requireLength(uncompressed, 65);
  return addressFromBytes(keccak_256(uncompressed.subarray(1)).subarray(12));
}

export function signatureInvalid(reason: string): ProtocolError {
  return new ProtocolError('SIGNATURE_INVALID', `The signature is not valid: ${reason}.`, { reason });
}

/** The pure implementation: works everywhere, several times slower than the native one. */
export const pureSecp256k1: Secp256k1 = {
  recover(digest, signature) {
    requireLength(digest, 32);
    const { rs, recoveryId } = splitCompact(signature);
    try {
      const parsed = secp256k1.Signature.fromBytes(rs, 'compact').addRecoveryBit(recoveryId);
      if (parsed.hasHighS()) throw signatureInvalid('s is in the upper half of the group order');
      return addressOfPublicKey(parsed.recoverPublicKey(digest).toBytes(false));
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw signatureInvalid('no public key can be recovered from it');
    }
  },

  sign(digest, privateKey) {
    requireLength(digest, 32);
    requireLength(privateKey, 32);
    const recovered = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' });
    return joinCompact(recovered.subarray(1), recovered[0] ?? 0);
  },

  addressOf(privateKey) {
    requireLength(privateKey, 32);
    if (!secp256k1.utils.isValidSecretKey(privateKey))
      throw signatureInvalid('the private key is out of range');
    return addressOfPublicKey(secp256k1.getPublicKey(privateKey, false));
  },
};

/** @returns undefined for a signature that nobody can have made */
export function signerOf(
  secp256k1: Secp256k1,
  digest: Uint8Array,
  signature: Uint8Array,
): Address | undefined {
  try {
    return secp256k1.recover(digest, signature);
  } catch (failure) {
    if (failure instanceof ProtocolError) return undefined;
    throw failure;
  }
}
