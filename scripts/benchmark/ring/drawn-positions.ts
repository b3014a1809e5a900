import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, compareBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../sdk/protocol/identifiers.ts';
import { AdmittedEdges } from '../../../node/core/one-hop-ring/admitted-edges.ts';
import type { AdmittedEdge, RingAdmission } from '../../../node/core/one-hop-ring/ring-admission.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];

/** A registry that admits a fixed set of keys, each at a position drawn from the key. */
export class DrawnPositions {
  readonly admission: RingAdmission;
  /** Node numbers by position. */
  readonly #ring: { readonly position: Uint8Array; readonly number: number }[];

  constructor(keys: readonly { readonly number: number; readonly publicKey: Uint8Array }[]) {
    this.admission = new AdmittedEdges(
      keys.map(({ number, publicKey }) => ({ publicKey, edge: edgeOf(number, publicKey) })),
    );
    this.#ring = keys.map(({ number, publicKey }) => ({ position: sha256(publicKey), number }));
    this.#ring.sort((a, b) => compareBytes(a.position, b.position));
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

function edgeOf(number: number, publicKey: Uint8Array): AdmittedEdge {
  return {
    nid: parseNid(bytesToHex(sha256(publicKey))),
    operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
    region: REGIONS[number % REGIONS.length] ?? 'eu-west',
  };
}
