import { amountText, byteText, countText, TOKEN_SYMBOL } from './figures.ts';

const KIB = 1_024;
/** Powers of 1,024 that a chart can reach: up to a PiB. */
const BINARY_POWERS = [0, 1, 2, 3, 4, 5] as const;
/**
 * Steps inside one unit. Beyond 100 they are quarter and half of the next unit: an axis of 200 KiB steps would reach
 * 1.17 MiB, one of 256 KiB steps reaches 1.25 MiB.
 */
const STEPS_IN_UNIT = [1, 2, 5, 10, 20, 50, 100, 256, 512] as const;
const BINARY_STEPS: readonly number[] = BINARY_POWERS.flatMap((power) =>
  STEPS_IN_UNIT.map((step) => step * KIB ** power),
);
const DECIMAL_POWERS = 15;
const WHOLE_STEPS: readonly number[] = Array.from({ length: DECIMAL_POWERS }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

/** How the values of a chart are written, and what its axis counts in. */
export interface ChartMeasure {
  /** A value with its unit. */
  readonly text: (value: number) => string;
  /** A mark of the axis, which is a multiple of a step. @default as any value */
  readonly markText?: (value: number) => string;
  /** Distances of two marks, rising. @default 1, 2, 2.5 and 5 times powers of ten */
  readonly steps?: readonly number[];
}

/** Bytes; the axis has round numbers of binary units. */
export const BYTES: ChartMeasure = { text: byteText, markText: byteMarkText, steps: BINARY_STEPS };

/** Bytes of each second. */
export const BYTES_PER_SECOND: ChartMeasure = {
  text: (value) => `${byteText(value)}/s`,
  markText: (value) => `${byteMarkText(value)}/s`,
  steps: BINARY_STEPS,
};

/** Things, of which there is no half. */
export const COUNT: ChartMeasure = { text: (value) => countText(Math.round(value)), steps: WHOLE_STEPS };

/** How often something happens in a minute. */
export const PER_MINUTE: ChartMeasure = {
  text: (value) => `${value < 10 ? value.toFixed(1) : countText(Math.round(value))}/min`,
  markText: (value) => `${countText(value)}/min`,
};

/** Tokens of amounts in wei. Approximate by nature: exact amounts stand beside a chart. */
export const TOKENS: ChartMeasure = {
  text: (wei) => amountText(BigInt(Math.round(wei))).replace(` ${TOKEN_SYMBOL}`, ''),
};

/** `1.5 MiB`, not `1.50 MiB`: a mark is exact. */
function byteMarkText(bytes: number): string {
  return byteText(bytes).replace(/\.(\d*?)0+ /, (_, digits: string) => (digits === '' ? ' ' : `.${digits} `));
}
