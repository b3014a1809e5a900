import type { Clock } from '../client/clock.ts';
import { ClientError } from '../client/client-error.ts';
import { DEAL_KNOWN_POLL_MS, DEAL_KNOWN_TIMEOUT_MS } from './publish-limits.ts';

/**
 * Calls the coordinator about a deal that was just mined, again until it has heard of the deal.
 * @throws ClientError of the last call; the signal's reason
 */
export async function untilDealKnown(
  clock: Clock,
  call: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadlineMs = clock.nowMs() + DEAL_KNOWN_TIMEOUT_MS;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const notHeardOf = error instanceof ClientError && error.values['refusal'] === 'DEAL_NOT_FOUND';
      if (!notHeardOf || clock.nowMs() >= deadlineMs) throw error;
    }
    await clock.sleep(DEAL_KNOWN_POLL_MS, signal);
  }
}
