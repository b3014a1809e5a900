import { readDeal } from '../../chain/deals.ts';
import type { DealTerms } from '../../client/marketplace-answers.ts';
import type { Address, DealId } from '../../protocol/identifiers.ts';
import { PublishError } from '../../publish/publish-error.ts';
import type { PublisherSession } from '../publisher-session.ts';

/** A deal of the session's publisher: what the index says of it, and every node that it ever allocated tokens to. */
export interface OwnDeal {
  readonly dealId: DealId;
  readonly nodes: readonly Address[];
  readonly terms: DealTerms;
}

/** @throws PublishError DEAL_UNKNOWN; ClientError; ChainError */
export async function findOwnDeal(session: PublisherSession, dealId: DealId): Promise<OwnDeal> {
  const { provider, deployment, sender, api } = session;
  const deal = await readDeal(provider, deployment, dealId);
  if (deal?.publisher !== sender.address) {
    const message =
      deal === undefined
        ? `There is no deal ${dealId}.`
        : `The deal ${dealId} is one of ${deal.publisher}, not of ${sender.address}.`;
    throw new PublishError('DEAL_UNKNOWN', message, {
      values: { dealId, account: sender.address },
      remedy: 'See your deals with `bcdn deal list`; give the keystore that opened this one.',
    });
  }
  const terms = await api.deal(dealId);
  return { dealId, terms, nodes: terms.allocations.map(({ node }) => node) };
}
