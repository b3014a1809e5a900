import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import { FINGERPRINTS_PER_CONTENT, MAX_FINGERPRINT_BITS, MIN_FINGERPRINT_BITS } from './group-limits.ts';

/**
 * The leading `bits` of a salted mix of a key's first 64 bits (SPEC.md, fingerprints). Keys are hashes, so they need
 * no cryptographic hash again; the salt, known to the group only, keeps a publisher from choosing contents that
 * collide, and makes the false positives of two members independent.
 */
export function fingerprintOf(key: RingId, salt: number, bits: number): number {
  return mix(mix(salt ^ word(key, 0)) ^ word(key, 4)) >>> (32 - bits);
}

/** Bits of a fingerprint when so many are to be told apart with at most 1 in 128 false positives. */
export function fingerprintBits(count: number): number {
  let bits = MIN_FINGERPRINT_BITS;
  while (bits < MAX_FINGERPRINT_BITS && !isSparse(count, bits)) bits += 1;
  return bits;
}

/** Does a summary of so many fingerprints keep to the highest rate of false positives? */
export function isSparse(count: number, bits: number): boolean {
  return count * FINGERPRINTS_PER_CONTENT <= 2 ** bits;
}

/** Is a fingerprint in an ascending set? */
export function includes(fingerprints: Uint32Array, value: number): boolean {
  let low = 0;
  let high = fingerprints.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((fingerprints[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return fingerprints[low] === value;
}

function word(key: RingId, offset: number): number {
  return (
    ((key[offset] ?? 0) << 24) |
    ((key[offset + 1] ?? 0) << 16) |
    ((key[offset + 2] ?? 0) << 8) |
    (key[offset + 3] ?? 0)
  );
}

/** The finalizer of MurmurHash3: a bijection of 32 bits in which every bit of the input moves every bit. */
export function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
