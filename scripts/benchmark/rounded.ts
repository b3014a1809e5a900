/** For JSON: figures with four significant digits, null where there is nothing to report. */
export function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
}
