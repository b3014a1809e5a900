import secp256k1 from 'secp256k1';

import { copyBytes, requireLength } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import {
  addressOfPublicKey,
  joinCompact,
  signatureInvalid,
  splitCompact,
  type Secp256k1,
} from '../protocol/signature.ts';

/**
 * libsecp256k1 through N-API: some thirty times faster than pure JavaScript at recovering signers.
 * The package falls back to its own JavaScript where no prebuilt binary fits, with the same answers.
 */
export const nativeSecp256k1: Secp256k1 = {
  recover(digest, signature) {
    requireLength(digest, 32);
    const { rs, recoveryId } = splitCompact(signature);
    try {
      // Normalising a copy changes it exactly when s is in the upper half: the malleable twin.
      const normalised = secp256k1.signatureNormalize(copyBytes(rs));
      if (!sameBytes(normalised, rs)) throw signatureInvalid('s is in the upper half of the group order');
      return addressOfPublicKey(secp256k1.ecdsaRecover(rs, recoveryId, digest, false));
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw signatureInvalid('no public key can be recovered from it');
    }
  },

  sign(digest, privateKey) {
    requireLength(digest, 32);
    requireLength(privateKey, 32);
    const { signature, recid } = secp256k1.ecdsaSign(digest, privateKey);
    return joinCompact(signature, recid);
  },

  addressOf(privateKey) {
    requireLength(privateKey, 32);
    if (!secp256k1.privateKeyVerify(privateKey)) throw signatureInvalid('the private key is out of range');
    return addressOfPublicKey(secp256k1.publicKeyCreate(privateKey, false));
  },
};

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
