import { compareBytes, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { AdmittedEdges } from '../../../node/core/one-hop-ring/admitted-edges.ts';
import type { RingAdmission } from '../../../node/core/one-hop-ring/ring-admission.ts';
import { drawnEdge, type DrawnEdge } from '../../measuring/drawn-edge.ts';

/** The edge of a bench node: the same number is the same edge in every process. */
export async function benchEdge(number: number): Promise<DrawnEdge> {
  return drawnEdge(`bench node ${number}`, number);
}

/** A registry that admits a fixed set of bench nodes. */
export class DrawnPositions {
  readonly admission: RingAdmission;
  /** Node numbers by position. */
  readonly #ring: { readonly position: Uint8Array; readonly number: number }[];

  private constructor(edges: readonly { readonly number: number; readonly drawn: DrawnEdge }[]) {
    this.admission = new AdmittedEdges(
      edges.map(({ drawn: { key, admitted } }) => ({ publicKey: key.publicKey.raw, edge: admitted })),
    );
    this.#ring = edges.map(({ number, drawn }) => ({ position: hexToBytes(drawn.admitted.nid), number }));
    this.#ring.sort((a, b) => compareBytes(a.position, b.position));
  }

  static async of(numbers: readonly number[]): Promise<DrawnPositions> {
    const edges = numbers.map(async (number) => ({ number, drawn: await benchEdge(number) }));
    return new DrawnPositions(await Promise.all(edges));
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
