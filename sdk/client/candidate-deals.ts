import type { CID } from 'multiformats/cid';

import type { DealId } from '../protocol/identifiers.ts';
import { ClientError } from './client-error.ts';
import { MAX_TRIED_DEALS } from './client-limits.ts';
import type { MarketplaceDeal } from './marketplace-answers.ts';

/** Refusals that are about one deal: another one of the same content may serve. */
const REFUSALS_OF_A_DEAL = new Set([
  'DEAL_NOT_FOUND',
  'DEAL_NOT_OPEN',
  'DEAL_NOT_SERVED',
  'VIEWER_NOT_ADMITTED',
  'NO_NODE_AVAILABLE',
  'ALLOCATION_EXHAUSTED',
  'CARRIAGE_EXHAUSTED',
  'CARRIAGE_UNAVAILABLE',
]);

/**
 * Deals of a content in the order in which a viewer tries them, MAX_TRIED_DEALS at most. Anybody may open a deal for any
 * content, so no single one is relied on: an empty or unserved one must not keep viewers from those that pay.
 * @throws ClientError CONTENT_NOT_PAID
 */
export function candidateDeals(cid: CID, deals: readonly MarketplaceDeal[]): readonly DealId[] {
  const open = deals.filter(({ state }) => state === undefined || state.toLowerCase() === 'open');
  if (open.length === 0) {
    throw new ClientError('CONTENT_NOT_PAID', `No open deal pays for the delivery of ${cid.toString()}.`, {
      values: { cid: cid.toString(), deals: deals.length },
      remedy: 'Check the CID, ask its publisher, or fetch it from any IPFS gateway.',
    });
  }
  return open
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .slice(0, MAX_TRIED_DEALS)
    .map(({ dealId }) => dealId);
}

/** Whether a failure to begin with one deal says nothing of the next. */
export function isOfOneDeal(failure: unknown): boolean {
  if (!(failure instanceof ClientError)) return false;
  if (failure.code === 'NO_SOURCES') return true;
  const { refusal } = failure.values;
  return failure.code === 'MARKETPLACE_REFUSED' && REFUSALS_OF_A_DEAL.has(String(refusal));
}

/** Those that serve everybody first; one that asks for admissions says in its refusal where to get one. */
function rankOf({ audienceKey, allocations }: MarketplaceDeal): number {
  const isServed = allocations.some(({ state }) => state === undefined || state === 'active');
  if (!isServed) return 2;
  return audienceKey === undefined || audienceKey === null ? 0 : 1;
}
