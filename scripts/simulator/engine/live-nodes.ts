import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import { SimulatorError } from '../simulator-error.ts';
import {
  addMarks,
  comparePositions,
  NO_MARKS,
  positionMarks,
  subtractMarks,
  type Marks,
} from '../tables/shared-entry.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** The truth that no protocol computes: the nodes that own keys now, in ring order. */
export class LiveNodes {
  readonly #sorted: SimulatedNode[] = [];
  #marks: Marks = NO_MARKS;
  /** Virtual time of nothing: counts changes, so that a cache can be told old. */
  changes = 0;

  get size(): number {
    return this.#sorted.length;
  }

  /** Equal to a version's `ringMarks` if and only if that table's ring is the truth. */
  get marks(): Marks {
    return this.#marks;
  }

  /** In ring order; for reading only, and only until the next change. */
  get inOrder(): readonly SimulatedNode[] {
    return this.#sorted;
  }

  add(node: SimulatedNode): void {
    const rank = this.#lowerBound(node.identity.nid);
    if (this.#sorted[rank]?.identity === node.identity) return;
    this.#sorted.splice(rank, 0, node);
    this.#marks = addMarks(this.#marks, positionMarks(node.identity.nid));
    this.changes += 1;
  }

  remove(node: SimulatedNode): void {
    const rank = this.#lowerBound(node.identity.nid);
    if (this.#sorted[rank] !== node) return;
    this.#sorted.splice(rank, 1);
    this.#marks = subtractMarks(this.#marks, positionMarks(node.identity.nid));
    this.changes += 1;
  }

  has(nid: RingId): boolean {
    const found = this.#sorted[this.#lowerBound(nid)];
    return found !== undefined && comparePositions(found.identity.nid, nid) === 0;
  }

  /** The owner of a key by the truth. */
  ownerOf(key: RingId): SimulatedNode | undefined {
    return this.#sorted[this.#lowerBound(key)] ?? this.#sorted[0];
  }

  /** The first members at or after a key. */
  successors(key: RingId, count: number): SimulatedNode[] {
    const first = this.#lowerBound(key);
    const found: SimulatedNode[] = [];
    for (let i = 0; i < Math.min(count, this.size); i++) {
      const node = this.#sorted[(first + i) % this.size];
      if (node !== undefined) found.push(node);
    }
    return found;
  }

  /** @throws SimulatorError NODE_UNKNOWN if nobody lives */
  random(random: Random): SimulatedNode {
    const node = this.#sorted[below(random, this.size)];
    if (node === undefined) throw new SimulatorError('NODE_UNKNOWN', 'No node is alive.');
    return node;
  }

  /** So many different live nodes at random. */
  sample(random: Random, count: number): SimulatedNode[] {
    const pool = [...this.#sorted];
    const chosen: SimulatedNode[] = [];
    while (chosen.length < count && pool.length > 0) {
      const at = below(random, pool.length);
      const node = pool[at];
      const last = pool.pop();
      if (node !== undefined) chosen.push(node);
      if (last !== undefined && last !== node) pool[at] = last;
    }
    return chosen;
  }

  #lowerBound(nid: RingId): number {
    let low = 0;
    let high = this.#sorted.length;
    const last = this.#sorted[high - 1];
    // A ring is founded in order.
    if (last !== undefined && comparePositions(last.identity.nid, nid) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#sorted[middle];
      if (other !== undefined && comparePositions(other.identity.nid, nid) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
