import { ChainError } from '../chain/chain-errors.ts';
import { fromChain } from '../chain/reverts.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { PENDING_POLL_MS, PENDING_TIMEOUT_MS } from './publish-limits.ts';

/**
 * Waits until everything that this account has sent is mined: what an interrupted program was doing is then decided.
 * @throws ChainError CHAIN_TIMEOUT, CHAIN_ABORTED, CHAIN_UNREACHABLE
 */
export async function untilNothingPending(
  sender: TransactionSender,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { provider, address } = sender;
  for (let waitedMs = 0; ; waitedMs += PENDING_POLL_MS) {
    const [mined, pending] = await Promise.all([
      fromChain(provider.getTransactionCount(address, 'latest')),
      fromChain(provider.getTransactionCount(address, 'pending')),
    ]);
    if (pending <= mined) return;
    if (waitedMs >= PENDING_TIMEOUT_MS) {
      throw new ChainError(
        'CHAIN_TIMEOUT',
        `${pending - mined} transaction(s) of ${address} are not mined yet, so it cannot be told what is done already.`,
        { address, timeoutMs: PENDING_TIMEOUT_MS, remedy: 'Try again when they are mined or replaced.' },
      );
    }
    await sender.pause(PENDING_POLL_MS, signal);
  }
}
