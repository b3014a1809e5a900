import { bytesToHex, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { memberName } from './member-names.ts';
import type { AdmittedEdge, RingAdmission } from './ring-admission.ts';

/** An edge that the registry admits, with its libp2p key. */
export interface AdmittedKey {
  readonly publicKey: Uint8Array;
  readonly edge: AdmittedEdge;
}

/**
 * A registry snapshot, by key and by name. Two edges whose positions share their leading bytes could not be told apart
 * in a message; neither is admitted (SPEC.md, names).
 */
export class AdmittedEdges implements RingAdmission {
  readonly #byKey = new Map<Hex, AdmittedEdge>();
  readonly #byName = new Map<Hex, Uint8Array>();

  constructor(edges: Iterable<AdmittedKey>) {
    const ambiguous = new Set<Hex>();
    for (const each of edges) {
      const name = nameOf(each.edge);
      if (this.#byName.has(name)) ambiguous.add(name);
      this.#byName.set(name, each.publicKey);
      this.#byKey.set(bytesToHex(each.publicKey), each.edge);
    }
    if (ambiguous.size === 0) return;
    for (const [key, edge] of this.#byKey) if (ambiguous.has(nameOf(edge))) this.#byKey.delete(key);
    for (const name of ambiguous) this.#byName.delete(name);
  }

  nidOf(libp2pPublicKey: Uint8Array): AdmittedEdge | undefined {
    return this.#byKey.get(bytesToHex(libp2pPublicKey));
  }

  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined {
    return this.#byName.get(bytesToHex(prefix));
  }
}

function nameOf(edge: AdmittedEdge): Hex {
  return bytesToHex(memberName(hexToBytes(edge.nid)));
}
