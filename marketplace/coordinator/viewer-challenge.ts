import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import { bytesToHex, concatBytes, hexToBytes, uint64ToBytes, type Hex } from '../../sdk/protocol/bytes.ts';
import { identifierBytes, type Address } from '../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { MarketplaceError } from '../errors.ts';
import { CHALLENGE_LIFETIME_SECONDS } from '../limits.ts';
import { deriveKey } from './key-vault.ts';

const RANDOM_BYTES = 16;
const TAG_BYTES = 16;

export interface Challenge {
  readonly nonce: Hex;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Nonces that a viewer signs to prove its key (SPEC.md, challenge). A nonce carries its own proof: half of it is
 * random, the other half authenticates it together with viewer key and expiry, so nothing is stored until one is used.
 */
export class ViewerChallenge {
  readonly #clock: Clock;
  readonly #key: Uint8Array;

  constructor(components: { clock: Clock }, secret: Uint8Array) {
    this.#clock = components.clock;
    this.#key = deriveKey(secret, 'bcdn viewer challenge 1');
  }

  create(viewerKey: Address): Challenge {
    const expiresAt = Math.floor(this.#clock.nowMs() / 1000) + CHALLENGE_LIFETIME_SECONDS;
    const random = new Uint8Array(randomBytes(RANDOM_BYTES));
    return { nonce: bytesToHex(concatBytes(random, this.#tag(random, viewerKey, expiresAt))), expiresAt };
  }

  /** @throws MarketplaceError CHALLENGE_INVALID, CHALLENGE_EXPIRED */
  check(challenge: Challenge, viewerKey: Address): void {
    const nonce = hexToBytes(challenge.nonce, RANDOM_BYTES + TAG_BYTES);
    const expected = this.#tag(nonce.subarray(0, RANDOM_BYTES), viewerKey, challenge.expiresAt);
    if (!timingSafeEqual(expected, nonce.subarray(RANDOM_BYTES))) {
      throw new MarketplaceError(
        'CHALLENGE_INVALID',
        'The nonce was not given to this viewer key with this expiry.',
        {
          viewerKey,
        },
      );
    }
    const now = Math.floor(this.#clock.nowMs() / 1000);
    if (challenge.expiresAt < now) {
      throw new MarketplaceError('CHALLENGE_EXPIRED', 'The challenge has expired.', {
        expiresAt: challenge.expiresAt,
        now,
      });
    }
  }

  #tag(random: Uint8Array, viewerKey: Address, expiresAt: number): Uint8Array {
    const message = concatBytes(random, identifierBytes(viewerKey), uint64ToBytes(BigInt(expiresAt)));
    return new Uint8Array(createHmac('sha256', this.#key).update(message).digest().subarray(0, TAG_BYTES));
  }
}
