import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealDirectory, DealView } from '../delivery/deal-directory.ts';

/** A deal under which this node may still serve its content. */
export interface LiveDeal {
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
}

/** Deals whose publishers took their content down. */
export class Withdrawals {
  readonly #deals = new Map<DealId, ContentRoot>();
  readonly #roots = new Set<ContentRoot>();

  get size(): number {
    return this.#deals.size;
  }

  add(dealId: DealId, root: ContentRoot): void {
    this.#deals.set(dealId, root);
    this.#roots.add(root);
  }

  hasDeal(dealId: DealId): boolean {
    return this.#deals.has(dealId);
  }

  /**
   * Whether a content is neither served nor filled: one of its deals was taken down, and no other deal of this node wants it.
   * @param deals asked for only if the content was taken down at all
   */
  withholds(root: ContentRoot, deals: () => readonly LiveDeal[]): boolean {
    if (!this.#roots.has(root)) return false;
    return !deals().some((deal) => deal.contentRoot === root && !this.#deals.has(deal.dealId));
  }
}

/** The deals as the desk is to see them: allocations of withdrawn ones pay for nothing new. */
export function withoutWithdrawn(deals: DealDirectory, withdrawals: Withdrawals): DealDirectory {
  return {
    deal: (dealId): Promise<DealView | undefined> => deals.deal(dealId),
    allocation: async (dealId): Promise<AllocationView | undefined> => {
      const allocation = await deals.allocation(dealId);
      if (allocation === undefined || !withdrawals.hasDeal(dealId)) return allocation;
      return { ...allocation, isWithdrawn: true };
    },
  };
}
