/** Longest pause between two questions, however often the answer failed to come. */
export const MAX_POLL_PAUSE_MS = 60_000;

/**
 * Pause before the next question: the usual one, doubled with every failure in a row, so that a marketplace in trouble
 * is left alone.
 */
export function pollPauseMs(everyMs: number, failuresInARow: number): number {
  const doubled = everyMs * 2 ** Math.min(failuresInARow, 16);
  return Math.max(everyMs, Math.min(doubled, MAX_POLL_PAUSE_MS));
}
