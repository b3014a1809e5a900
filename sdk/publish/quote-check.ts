import { readNode } from '../chain/nodes.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import type { Quote } from '../client/marketplace-answers.ts';
import { PublishError, type PublishErrorValues } from './publish-error.ts';
import type { PublishRequest } from './publish-request.ts';

/** What the publisher asked for, as far as a quote could break it. */
type Asked = Pick<PublishRequest, 'replicas' | 'regions' | 'maxRatePerGiB'>;

/**
 * Holds a quote against what was asked: a marketplace may err, or be in league with a node, and what it names is what the
 * publisher's tokens are given for.
 * @throws PublishError QUOTE_UNUSABLE
 */
export function requireQuoteAsAsked(quote: Quote, { replicas, regions, maxRatePerGiB }: Asked): void {
  const sumWei = quote.nodes.reduce((sum, { amountWei }) => sum + amountWei, 0n);
  if (sumWei !== quote.depositWei)
    throw unusable('its deposit is not the sum of its allocations', { depositWei: quote.depositWei, sumWei });
  const nodes = new Set(quote.nodes.map(({ node }) => node));
  if (nodes.size !== quote.nodes.length || nodes.size > replicas)
    throw unusable('it names a node twice, or more than asked for', { replicas, nodes: quote.nodes.length });
  for (const { node, region, ratePerGiB } of quote.nodes) {
    if (maxRatePerGiB !== undefined && ratePerGiB > maxRatePerGiB)
      throw unusable('a node is dearer than allowed', { node, ratePerGiB, maxRatePerGiB });
    if (regions !== undefined && regions.length > 0 && !regions.includes(region))
      throw unusable('a node is in another region', { node, region });
  }
}

/**
 * Asks the chain, after the last word of the publisher and before anything is sent, whether the nodes still ask what was
 * quoted. One that asks more would not serve and the money would lie idle; one that asks less would be paid too much.
 * @throws PublishError QUOTE_UNUSABLE; ChainError CHAIN_UNREACHABLE
 */
export async function requirePresentPrices(sender: TransactionSender, quote: Quote): Promise<void> {
  const { provider, deployment } = sender;
  await Promise.all(
    quote.nodes.map(async ({ node, ratePerGiB }) => {
      const known = await readNode(provider, deployment, node);
      // One that has left is refused by the market itself.
      if (known === undefined) return;
      // Nothing is delivered for less than a wei a GiB: an allocation has a rate.
      const asksWeiPerGiB = known.askWeiPerGiB > 0n ? known.askWeiPerGiB : 1n;
      if (asksWeiPerGiB !== ratePerGiB)
        throw unusable('a node does not ask what was quoted', { node, ratePerGiB, asksWeiPerGiB });
    }),
  );
}

function unusable(reason: string, values: PublishErrorValues): PublishError {
  return new PublishError('QUOTE_UNUSABLE', `The quote cannot be taken: ${reason}. Nothing was sent.`, {
    values: { reason, ...values },
    remedy: 'Publish again for a new quote; if it is no better, ask another marketplace.',
  });
}
