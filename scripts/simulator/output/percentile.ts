/** The smallest value that at least this share of the values does not exceed; NaN without values. @param sorted rising */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[rank] ?? Number.NaN;
}

/** A copy in rising order. */
export function rising(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Rounded for reports. */
export function rounded(value: number, digits = 2): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
