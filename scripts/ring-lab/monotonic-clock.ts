/** Milliseconds of the machine's monotonic clock: comparable between processes of one machine, and never set back. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
