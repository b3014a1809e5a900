import { ed25519 } from '@noble/curves/ed25519.js';

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import { SimulatedSignatures } from '../engine/simulated-signature.ts';

/** One identity that can sign. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** How the identities of a fuzzed ring sign and check. */
export interface SignatureScheme {
  newSigner(): Signer;
  /** False for anything malformed. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export function randomBytes(count: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: count }, () => below(random, 256));
}

/** Real signatures, for a slice of the messages: each costs about a millisecond. */
export function ed25519Scheme(random: Random): SignatureScheme {
  return {
    newSigner() {
      const secret = randomBytes(32, random);
      return {
        publicKey: ed25519.getPublicKey(secret),
        sign: (message) => ed25519.sign(message, secret),
      };
    },
    verify(publicKey, message, signature) {
      if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
      try {
        return ed25519.verify(signature, message, publicKey);
      } catch {
        return false; // not a point of the curve
      }
    },
  };
}

/** The simulator's signatures, for the bulk: made with a secret that no fuzzed message can know. */
export function simulatedScheme(seed: number, random: Random): SignatureScheme {
  const signatures = new SimulatedSignatures(seed);
  return {
    newSigner() {
      const publicKey = randomBytes(PUBLIC_KEY_BYTES, random);
      return { publicKey, sign: (message) => signatures.sign(publicKey, message) };
    },
    verify: (publicKey, message, signature) => signatures.verify(publicKey, message, signature),
  };
}
