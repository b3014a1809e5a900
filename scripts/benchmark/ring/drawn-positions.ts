import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, compareBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../sdk/protocol/identifiers.ts';
import type { AdmittedEdge, RingAdmission } from '../../../node/core/one-hop-ring/ring-ports.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];

/** A registry that admits a fixed set of keys, each at a position drawn from the key. */
export class DrawnPositions implements RingAdmission {
  readonly #edges = new Map<Hex, AdmittedEdge>();
  /** Node numbers by position. */
  readonly #ring: { readonly position: Uint8Array; readonly number: number }[] = [];

  constructor(keys: readonly { readonly number: number; readonly publicKey: Uint8Array }[]) {
    for (const { number, publicKey } of keys) {
      const position = sha256(publicKey);
      this.#edges.set(bytesToHex(publicKey), {
        nid: parseNid(bytesToHex(position)),
        operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
        region: REGIONS[number % REGIONS.length] ?? 'eu-west',
      });
      this.#ring.push({ position, number });
    }
    this.#ring.sort((a, b) => compareBytes(a.position, b.position));
  }

  nidOf(publicKey: Uint8Array): AdmittedEdge | undefined {
    return this.#edges.get(bytesToHex(publicKey));
  }

  /** Node numbers of the first `count` nodes at or after a key. */
  responsibleFor(key: Uint8Array, count: number): number[] {
    const first = this.#ring.findIndex(({ position }) => compareBytes(position, key) >= 0);
    const from = first < 0 ? 0 : first;
    return Array.from(
      { length: Math.min(count, this.#ring.length) },
      (_, i) => this.#ring[(from + i) % this.#ring.length]?.number ?? 0,
    );
  }
}
