/** Where playing can begin: at this time, at this byte of the file. */
export interface EntryPoint {
  readonly seconds: number;
  readonly offset: number;
}

/** Byte offsets by time, from the index that a file carries. */
export class TimeIndex {
  readonly #points: readonly EntryPoint[];

  constructor(points: readonly EntryPoint[]) {
    this.#points = points.toSorted((a, b) => a.seconds - b.seconds);
  }

  get size(): number {
    return this.#points.length;
  }

  /** The last time that an entry names. */
  get lastSeconds(): number {
    return this.#points.at(-1)?.seconds ?? 0;
  }

  /** The last entry at or before that time; undefined if there is none. */
  before(seconds: number): EntryPoint | undefined {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle]?.seconds ?? Infinity) <= seconds) low = middle + 1;
      else high = middle;
    }
    return this.#points[low - 1];
  }
}
