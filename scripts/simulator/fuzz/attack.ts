import { encodeMessage } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import type { Forger } from './forger.ts';

/** One hostile message as it arrives. */
export interface Attack {
  /** The key that the connection has proved. */
  readonly from: Uint8Array;
  readonly bytes: Uint8Array;
  /** A key of the index whose answer must be the same before and after. */
  readonly untouchedKey?: Uint8Array;
  /**
   * The provider truly said it, and nothing in it tells that something newer followed: only who holds the newer can
   * refuse it.
   */
  readonly deceivesTheIgnorant?: boolean;
}

/** Makes one message of a kind. */
export type AttackMaker = (forger: Forger) => Attack;

export function attackBy(from: Uint8Array, message: RingMessage): Attack {
  return { from, bytes: encodeMessage(message) };
}

/** Message numbers that a sender can guess: they count up from one. */
export function guessedNumber(forger: Forger): number {
  return Math.floor(forger.random() * 4_096) + 1;
}
