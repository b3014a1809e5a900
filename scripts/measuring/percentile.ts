/** The smallest value that at least this share of the values does not exceed (nearest rank); NaN of none. @param sorted rising */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[rank] ?? Number.NaN;
}

/** A copy in rising order. */
export function rising(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** @param values in any order; NaN of none */
export function median(values: Iterable<number>): number {
  return percentile(rising(values), 0.5);
}
