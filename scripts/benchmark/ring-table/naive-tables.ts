import { bytesToHex, readUint } from '../../../sdk/protocol/bytes.ts';

/** What one writes first: a sorted array of positions, searched by halves. The comparator of `ring-table`. */
export class SortedArrayTable<P extends bigint | string> {
  readonly #positions: P[];
  readonly #read: (id: Uint8Array) => P;

  constructor(ids: readonly Uint8Array[], read: (id: Uint8Array) => P) {
    this.#read = read;
    this.#positions = ids.map(read).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Rank of the owner of a key; the key is converted first, as it comes in bytes from the wire. */
  ownerRank(key: Uint8Array): number {
    const rank = this.#lowerBound(this.#read(key));
    return rank === this.#positions.length ? 0 : rank;
  }

  insert(id: Uint8Array): void {
    const position = this.#read(id);
    this.#positions.splice(this.#lowerBound(position), 0, position);
  }

  remove(id: Uint8Array): void {
    const position = this.#read(id);
    const rank = this.#lowerBound(position);
    if (this.#positions[rank] === position) this.#positions.splice(rank, 1);
  }

  #lowerBound(position: P): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#positions[middle];
      if (other !== undefined && other < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const bigintTable = (ids: readonly Uint8Array[]): SortedArrayTable<bigint> =>
  new SortedArrayTable<bigint>(ids, readUint);

export const hexTable = (ids: readonly Uint8Array[]): SortedArrayTable<string> =>
  new SortedArrayTable<string>(ids, bytesToHex);
