import { bytesToHex, compareBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contains, isWholeRing, type IdInterval } from './id-interval.ts';
import type { ProviderRecord } from './provider-record.ts';
import { leadingWord, type RingId } from './ring-identifier.ts';

/** Keys are filed by so many leading bits: a change of members looks at a few arcs, not at every key. */
const ARC_BITS = 10;

/** A key that this node provides. */
export interface ProvidedKey {
  readonly key: RingId;
  readonly record: ProviderRecord;
  /** Members that hold the record, by position. */
  holders: Set<Hex>;
  republishAtMs: number;
}

/** The keys that this node provides, all over the ring, by key and by interval. */
export class ProvidedKeys {
  readonly #arcs = new Map<number, Map<Hex, ProvidedKey>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: RingId): ProvidedKey | undefined {
    return this.#arcs.get(arcOf(key))?.get(bytesToHex(key));
  }

  set(provided: ProvidedKey): void {
    const arc = arcOf(provided.key);
    const id = bytesToHex(provided.key);
    const filed = this.#arcs.get(arc) ?? new Map<Hex, ProvidedKey>();
    if (!filed.has(id)) this.#size += 1;
    filed.set(id, provided);
    this.#arcs.set(arc, filed);
  }

  /** @returns whether it was there */
  delete(key: RingId): boolean {
    const arc = arcOf(key);
    const filed = this.#arcs.get(arc);
    if (filed?.delete(bytesToHex(key)) !== true) return false;
    if (filed.size === 0) this.#arcs.delete(arc);
    this.#size -= 1;
    return true;
  }

  *all(): Generator<ProvidedKey> {
    for (const filed of this.#arcs.values()) yield* filed.values();
  }

  /** Those within an interval. */
  *within(interval: IdInterval): Generator<ProvidedKey> {
    if (isWholeRing(interval)) {
      yield* this.all();
      return;
    }
    const [first, last] = [arcOf(interval.from), arcOf(interval.to)];
    const passesZero = last < first || (last === first && compareBytes(interval.from, interval.to) > 0);
    const count = (passesZero ? last - first + 2 ** ARC_BITS : last - first) + 1;
    for (let i = 0; i < Math.min(count, 2 ** ARC_BITS); i++) {
      for (const provided of this.#arcs.get((first + i) % 2 ** ARC_BITS)?.values() ?? []) {
        if (contains(interval, provided.key)) yield provided;
      }
    }
  }
}

function arcOf(key: RingId): number {
  return leadingWord(key) >>> (32 - ARC_BITS);
}
