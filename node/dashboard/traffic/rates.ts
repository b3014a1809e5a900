import type { TrafficAnswer } from '../node-data/documents.ts';

type Sample = TrafficAnswer['samples'][number];
type Sum = Exclude<keyof Sample, 'atMs' | 'connections'>;

/** Points of one drawing. */
export const MAX_POINTS = 240;

/** Figures over time, as a chart draws them. */
export interface TrafficSeries {
  /** Unix seconds; one for each value. */
  readonly at: readonly number[];
  readonly sentPerSecond: readonly number[];
  readonly receivedPerSecond: readonly number[];
  readonly transfersPerMinute: readonly number[];
  readonly missesPerMinute: readonly number[];
  readonly connections: readonly number[];
}

/**
 * Rates between samples of the last so many seconds. Samples are sums, so a rate over a longer step is the mean of it and
 * loses nothing; a node that has restarted begins at nothing.
 */
export function ratesOf(samples: readonly Sample[], lastSeconds: number): TrafficSeries {
  const newest = samples.at(-1);
  const fromMs = (newest?.atMs ?? 0) - lastSeconds * 1_000;
  const shown = thinned(samples.filter(({ atMs }) => atMs >= fromMs));
  const steps = shown.flatMap((after, index) => {
    const before = shown[index - 1];
    return before === undefined || after.atMs <= before.atMs ? [] : [{ before, after }];
  });
  const rate = (sum: Sum, perSeconds: number): number[] =>
    steps.map(({ before, after }) => {
      const grown = Math.max(0, after[sum] - before[sum]);
      return (grown * perSeconds * 1_000) / (after.atMs - before.atMs);
    });
  return {
    at: steps.map(({ after }) => after.atMs / 1_000),
    sentPerSecond: rate('sentBytes', 1),
    receivedPerSecond: rate('receivedBytes', 1),
    transfersPerMinute: rate('transfers', 60),
    missesPerMinute: rate('misses', 60),
    connections: steps.map(({ after }) => after.connections),
  };
}

/** At most so many, always with the newest. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(samples.length / MAX_POINTS);
  return samples.filter((_, index) => step <= 1 || (samples.length - 1 - index) % step === 0);
}
