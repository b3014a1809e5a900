import { systemClock, type Clock } from './clock.ts';

/** Waits; ends early, and without a rejection, when the signal aborts. */
export async function pause(
  durationMs: number,
  signal: AbortSignal,
  clock: Pick<Clock, 'sleep'> = systemClock,
): Promise<void> {
  try {
    await clock.sleep(durationMs, signal);
  } catch (failure) {
    if (!signal.aborted) throw failure;
  }
}
