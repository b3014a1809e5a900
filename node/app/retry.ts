import { pause } from '../../sdk/pacing/pause.ts';
import { reportOf, type ErrorReport } from './node-error.ts';

/** Pause before the second attempt; it doubles up to the second figure. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5_000;

/** Troubles that pass by themselves, or when the operator has sent money: the node waits for them. */
const PASSING = new Set([
  'CHAIN_UNREACHABLE',
  'CHAIN_TIMEOUT',
  'CHAIN_ANSWER_INVALID',
  'CHAIN_GAS_UNPAYABLE',
  'GAS_UNFUNDED',
  'STAKE_UNFUNDED',
  'RING_JOIN_TIMEOUT',
  'RING_SELF_NOT_ADMITTED',
]);

/** Whether waiting can help. */
export function isPassing(report: Pick<ErrorReport, 'code'>): boolean {
  return PASSING.has(report.code);
}

/**
 * Repeats work until it succeeds, as long as what hinders it can pass.
 *
 * @param onTrouble told about every failed attempt, and with undefined when it succeeded
 * @throws whatever cannot pass; the signal's reason
 */
export async function untilItWorks<T>(
  work: () => Promise<T>,
  options: { signal: AbortSignal; onTrouble: (report: ErrorReport | undefined) => void },
): Promise<T> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      const result = await work();
      options.onTrouble(undefined);
      return result;
    } catch (error) {
      options.signal.throwIfAborted();
      const report = reportOf(error);
      if (!isPassing(report)) throw error;
      options.onTrouble(report);
    }
    await pause(pauseMs, options.signal);
    options.signal.throwIfAborted();
    pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
  }
}
