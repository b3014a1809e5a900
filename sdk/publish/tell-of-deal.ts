import type { Clock } from '../pacing/clock.ts';
import { ClientError } from '../client/client-error.ts';
import type { DealId } from '../protocol/identifiers.ts';
import { PublishError } from './publish-error.ts';
import { DEAL_KNOWN_POLL_MS, DEAL_KNOWN_TIMEOUT_MS } from './publish-limits.ts';

/** What the coordinator is told of a deal that was just opened. */
export interface WordOfDeal {
  readonly dealId: DealId;
  readonly what: 'audience' | 'origin';
  readonly say: () => Promise<void>;
  /** Nodes were given their money by the transaction that opened the deal. @default false: they come after this word */
  readonly isAllocated?: boolean;
}

const REFUSALS = { audience: 'AUDIENCE_REFUSED', origin: 'ORIGIN_REFUSED' } as const;

/**
 * Tells the coordinator something of a deal that was just mined, again until it has heard of the deal.
 * @throws PublishError AUDIENCE_REFUSED, ORIGIN_REFUSED (values: dealId, the coordinator's code); the signal's reason
 */
export async function tellOfDeal(
  clock: Clock,
  { dealId, what, say, isAllocated = false }: WordOfDeal,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await untilDealKnown(clock, say, signal);
  } catch (cause) {
    if (!(cause instanceof ClientError)) throw cause;
    const consequence = isAllocated ? 'no node knows it yet' : 'nothing was allocated';
    const message = `The deal is open, but the coordinator has not taken its ${what}, so ${consequence}.`;
    throw new PublishError(REFUSALS[what], message, {
      values: { dealId, refusal: String(cause.values['refusal'] ?? cause.code), reason: cause.message },
      remedy: isAllocated
        ? 'Try again; if it stays so, close the distribution to have back what is left of the deposit.'
        : 'Close the distribution to have the deposit back, then publish again.',
      cause,
    });
  }
}

async function untilDealKnown(
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
