import type { Clock } from '../pacing/clock.ts';
import type { Address } from '../protocol/identifiers.ts';
import { LAST_PAYMENTS_POLL_MS, LAST_PAYMENTS_TIMEOUT_MS } from './publish-limits.ts';

/** Asks the coordinator of a deal which of its nodes are not paid all yet. */
export type UnpaidNodes = (signal?: AbortSignal) => Promise<readonly Address[]>;

/** What is being waited for. */
export interface PaymentWait {
  /** Not paid yet; undefined while the coordinator does not answer. */
  readonly nodes: readonly Address[] | undefined;
  readonly secondsLeft: number;
}

/**
 * Waits until every node of a thawed deal has been paid what the coordinator knows of, and has handed in the receipts of
 * all that it was granted; at most `LAST_PAYMENTS_TIMEOUT_MS`, because a dead node must not hold up the refund. A
 * coordinator that does not answer is asked again.
 *
 * @returns who was waited for in vain, as of the last answer
 * @throws the signal's reason
 */
export async function waitForLastPayments(
  { ask, clock }: { readonly ask: UnpaidNodes; readonly clock: Clock },
  {
    signal,
    onWait,
  }: { readonly signal?: AbortSignal | undefined; readonly onWait?: (wait: PaymentWait) => void } = {},
): Promise<readonly Address[]> {
  let lastAnswer: readonly Address[] = [];
  const deadlineMs = clock.nowMs() + LAST_PAYMENTS_TIMEOUT_MS;
  for (;;) {
    const nodes = await answerOf(ask, signal);
    if (nodes?.length === 0) return [];
    lastAnswer = nodes ?? lastAnswer;
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) return lastAnswer;
    onWait?.({ nodes, secondsLeft: Math.ceil(leftMs / 1000) });
    await clock.sleep(Math.min(leftMs, LAST_PAYMENTS_POLL_MS), signal);
  }
}

async function answerOf(
  ask: UnpaidNodes,
  signal: AbortSignal | undefined,
): Promise<readonly Address[] | undefined> {
  try {
    return await ask(signal);
  } catch {
    signal?.throwIfAborted();
    // Away or overloaded: the nodes may still be at it.
    return undefined;
  }
}
