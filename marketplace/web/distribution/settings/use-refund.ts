import type { RefundNow } from '../../../../sdk/chain/market-calls.ts';
import { useMarketData } from '../../market-data/use-market-data.ts';
import type { DealAtHand } from './deal-actions.ts';

const REFUND_EVERY_MS = 3_000;

/** What can be had back at a moment. */
export interface RefundAtHand {
  readonly now: RefundNow;
  /** All of it together. */
  readonly wei: bigint;
}

/** Asks the chain itself, again and again, what can be had back of a deal; undefined until it has answered. */
export function useRefund(deal: DealAtHand): RefundAtHand | undefined {
  const { value } = useMarketData(
    async () => {
      const { refundNow, refundWei } = await import('./deal-actions.ts');
      const now = await refundNow(deal);
      return { now, wei: refundWei(now) };
    },
    { key: `${deal.dealId} ${deal.nodes.length}`, everyMs: REFUND_EVERY_MS },
  );
  return value;
}
