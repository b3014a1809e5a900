/**
 * At most `points` of the samples, spread evenly over the time they span: the last of each part, so that sums over time
 * end with what is known last.
 */
export function evenlySpread<T extends { readonly atSeconds: number }>(
  samples: readonly T[],
  points: number,
): T[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length <= points) return [...samples];
  const span = last.atSeconds - first.atSeconds;
  const chosen = new Map<number, T>();
  for (const sample of samples) {
    const part = Math.min(points - 1, Math.floor(((sample.atSeconds - first.atSeconds) / span) * points));
    chosen.set(part, sample);
  }
  return [...chosen.values()];
}
