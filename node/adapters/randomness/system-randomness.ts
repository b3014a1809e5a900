import { randomBytes } from 'node:crypto';

/** A source of unpredictable bytes. */
export interface Randomness {
  /** Returns `length` fresh bytes. */
  bytes(length: number): Uint8Array;
}

/** A number in [0, 1), of 32 random bits. */
export function uniform(randomness: Randomness): number {
  return Buffer.from(randomness.bytes(4)).readUInt32BE() / 0x1_0000_0000;
}

/** The operating system's generator. */
export const systemRandomness: Randomness = { bytes: (length) => new Uint8Array(randomBytes(length)) };
