import { keccak_256 } from '@noble/hashes/sha3.js';

import { bytesToHex, compareBytes, concatBytes } from '../../../../sdk/protocol/bytes.ts';
import { addressWord, uintWord } from '../../../../sdk/protocol/eip712.ts';
import type { Address } from '../../../../sdk/protocol/identifiers.ts';

/** What peers have earned since the deal began, wei. */
export type PeerEarnings = readonly (readonly [peer: Address, wei: bigint])[];

/** The tree of a peer root (SPEC.md, peer root): double-hashed leaves, pairs in ascending order. */
export class PeerTree {
  readonly totalWei: bigint;
  readonly #earnings: PeerEarnings;
  readonly #levels: Uint8Array[][];

  constructor(earnings: PeerEarnings) {
    this.#earnings = earnings;
    this.totalWei = earnings.reduce((sum, [, wei]) => sum + wei, 0n);
    let level: Uint8Array[] = earnings.map(([peer, wei]) => keccak_256(keccak_256(concatBytes(addressWord(peer), uintWord(wei)))));
    this.#levels = [level];
    while (level.length > 1) {
      level = pairs(level);
      this.#levels.push(level);
    }
  }

  get root(): string {
    return bytesToHex(this.#levels.at(-1)?.[0] ?? new Uint8Array(32));
  }

  /** Siblings from the leaf upwards; none if the peer is not in the tree. */
  proof(peer: Address): string[] {
    let place = this.#earnings.findIndex(([each]) => each === peer);
    const siblings: string[] = [];
    for (const level of place < 0 ? [] : this.#levels) {
      const sibling = level[place ^ 1];
      if (sibling !== undefined && level.length > 1) siblings.push(bytesToHex(sibling));
      place >>= 1;
    }
    return siblings;
  }
}

function pairs(level: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: Math.ceil(level.length / 2) }, (_, pair) => {
    const [left = new Uint8Array(32), right] = level.slice(2 * pair, 2 * pair + 2);
    if (right === undefined) return left;
    return keccak_256(compareBytes(left, right) < 0 ? concatBytes(left, right) : concatBytes(right, left));
  });
}
