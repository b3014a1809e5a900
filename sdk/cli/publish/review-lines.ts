import { bytesText } from '../../client/progress-line.ts';
import type { Deployment } from '../../chain/deployment.ts';
import type { MarketTerms } from '../../chain/deals.ts';
import type { PublicationPlan } from '../../publish/publish.ts';
import { formatTokens } from '../amounts.ts';
import { costLines, nodeLines } from '../quote/quote-lines.ts';

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3_600;

/** What a publisher is about to agree to, in words. */
export function reviewLines(
  plan: PublicationPlan,
  { deployment, terms }: { readonly deployment: Deployment; readonly terms: MarketTerms },
): readonly string[] {
  const { cid, bytes, quote, depositWei, peerPoolWei } = plan;
  const thawSeconds = terms.thawEpochs * terms.epochSeconds;
  return [
    `${bytesText(bytes)} as ${cid}`,
    ...nodeLines(quote),
    ...costLines(quote),
    ...(peerPoolWei === 0n ? [] : [`Peers      ${formatTokens(peerPoolWei)} are set aside for them`]),
    `This locks ${formatTokens(depositWei)} in the market ${deployment.market} on chain ${deployment.chainId}.`,
    `What nodes have not earned returns ${timeText(thawSeconds)} after you close the deal, to the last unit.`,
  ];
}

function timeText(seconds: number): string {
  if (seconds < 2 * SECONDS_PER_MINUTE) return `about ${seconds} s`;
  if (seconds < 2 * SECONDS_PER_HOUR) return `about ${Math.round(seconds / SECONDS_PER_MINUTE)} min`;
  return `about ${Math.round(seconds / SECONDS_PER_HOUR)} h`;
}
