import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealDirectory, DealView } from '../../core/delivery/deal-directory.ts';
import { DeskError } from './desk-error.ts';

/** A deal and this node's allocation in it, as the chain tells. */
export interface DealTerms {
  readonly deal: DealView | undefined;
  readonly allocation: AllocationView | undefined;
}

/** @throws DeskError CHAIN_UNAVAILABLE when neither the cache nor the chain answers */
export async function dealTerms(deals: DealDirectory, dealId: DealId): Promise<DealTerms> {
  try {
    const [deal, allocation] = await Promise.all([deals.deal(dealId), deals.allocation(dealId)]);
    return { deal, allocation };
  } catch (cause) {
    throw new DeskError('CHAIN_UNAVAILABLE', 'The deal cannot be looked up: the chain does not answer.', {
      values: { dealId },
      remedy: 'Try again in a few seconds, or ask another node of the deal.',
      cause,
    });
  }
}
