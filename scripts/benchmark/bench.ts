import type { Progress } from '../devnet/progress.ts';

/** A whole number that a bench takes as `--<name> <count>`. */
export interface NumberOption {
  readonly description: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** What a run is given beside its options. */
export interface BenchSetting {
  /** Says on standard error how far the run is. */
  readonly progress: Progress;
  /** Aborted when the user wants the run to end. */
  readonly signal: AbortSignal;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Rows for people; the JSON object carries the same figures for machines. */
export interface BenchTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface BenchReport {
  /** Becomes the JSON object, with `bench`, `options` and `machine` added. Units stand in the names. */
  readonly figures: { readonly [name: string]: Json };
  readonly tables: readonly BenchTable[];
}

/** One benchmark: a name, what it measures in a sentence, its options, and the measurement. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, NumberOption>>;
  /** @throws BenchError when there is no result; a missed target is a result */
  run(values: Readonly<Record<string, number>>, setting: BenchSetting): Promise<BenchReport>;
}

interface BenchOf<O extends Readonly<Record<string, NumberOption>>> extends Bench {
  readonly options: O;
  run(values: { readonly [K in keyof O]: number }, setting: BenchSetting): Promise<BenchReport>;
}

/**
 * Declares a bench so that its `run` receives exactly the options that it names.
 *
 * @example
 * export const sums = defineBench({
 *   name: 'sums',
 *   summary: 'Additions a second.',
 *   options: { rounds: { description: 'rounds', fallback: 5, min: 1, max: 100 } },
 *   run: async ({ rounds }) => ({ figures: { rounds }, tables: [] }),
 * });
 */
export function defineBench<const O extends Readonly<Record<string, NumberOption>>>(
  bench: BenchOf<O>,
): Bench {
  return bench;
}
