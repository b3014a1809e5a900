/** Counts of durations in bins of one width: percentiles of 10^8 values in little memory. */
export class Histogram {
  readonly #binMs: number;
  #bins = new Float64Array(256);
  #count = 0;

  constructor(binMs: number) {
    this.#binMs = binMs;
  }

  get count(): number {
    return this.#count;
  }

  add(durationMs: number): void {
    const bin = Math.max(0, Math.floor(durationMs / this.#binMs));
    if (bin >= this.#bins.length) {
      const grown = new Float64Array(Math.max(bin + 1, this.#bins.length * 2));
      grown.set(this.#bins);
      this.#bins = grown;
    }
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count += 1;
  }

  /** Upper end of the bin that holds the percentile; NaN without values. */
  percentileMs(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bin = 0; bin < this.#bins.length; bin++) {
      seen += this.#bins[bin] ?? 0;
      if (seen >= wanted) return (bin + 1) * this.#binMs;
    }
    return this.#bins.length * this.#binMs;
  }
}
