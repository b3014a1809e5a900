import { SIGNATURE_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { mix } from '../../measuring/random-streams.ts';

const WORDS = SIGNATURE_BYTES / 4;

/**
 * Signatures of one simulation: 64 bytes mixed from a secret of the simulation, the key and the message. Nobody inside
 * the simulation knows the secret, so nobody there can sign for another; it is a model of Ed25519, not a substitute.
 */
export class SimulatedSignatures {
  readonly #secret: number;

  constructor(seed: number) {
    this.#secret = mix(seed ^ 0x6a09_e667);
  }

  sign(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
    const state = this.#absorb(publicKey, message);
    const signature = new Uint8Array(SIGNATURE_BYTES);
    for (let word = 0; word < WORDS; word++) {
      const value = squeeze(state, word);
      signature[4 * word] = value >>> 24;
      signature[4 * word + 1] = value >>> 16;
      signature[4 * word + 2] = value >>> 8;
      signature[4 * word + 3] = value;
    }
    return signature;
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_BYTES) return false;
    const state = this.#absorb(publicKey, message);
    for (let word = 0; word < WORDS; word++) {
      if (wordAt(signature, 4 * word) !== squeeze(state, word)) return false;
    }
    return true;
  }

  #absorb(publicKey: Uint8Array, message: Uint8Array): State {
    const state = { low: this.#secret, high: mix(this.#secret) };
    absorb(state, publicKey);
    absorb(state, message);
    return state;
  }
}

interface State {
  low: number;
  high: number;
}

/** Two lanes over 32-bit words; the length closes each part. */
function absorb(state: State, bytes: Uint8Array): void {
  let { low, high } = state;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    const word = wordAt(bytes, i);
    low = Math.imul(low ^ word, 0x85eb_ca6b);
    low = (low << 13) | (low >>> 19);
    high = Math.imul((high + word) | 0, 0xc2b2_ae35) ^ (low >>> 7);
  }
  for (let i = whole; i < bytes.length; i++) {
    low = Math.imul(low ^ (bytes[i] ?? 0), 0x85eb_ca6b);
    high = Math.imul((high + (bytes[i] ?? 0)) | 0, 0xc2b2_ae35) ^ (low >>> 7);
  }
  state.low = mix(low ^ bytes.length);
  state.high = mix(high ^ state.low);
}

function squeeze(state: State, word: number): number {
  return mix(state.low ^ mix(state.high + Math.imul(word + 1, 0x9e37_79b1)));
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}
