import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between attempts. */
const PAUSE_MS = 300;

/** Repeats an attempt until it succeeds; after the deadline its last failure is the answer. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 90_000): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadlineMs) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
