import { randomBytes } from 'node:crypto';

/** A source of unpredictable bytes. */
export interface Randomness {
  /** Returns `length` fresh bytes. */
  bytes(length: number): Uint8Array;
}

/** The operating system's generator. */
export const systemRandomness: Randomness = { bytes: (length) => new Uint8Array(randomBytes(length)) };
