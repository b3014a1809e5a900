import { randomBytes } from 'node:crypto';

import type { CallComponents } from '../client/json-call.ts';
import type { Quote } from '../client/marketplace-answers.ts';
import { MarketplaceApi } from '../client/marketplace-api.ts';
import { allocate, dealIdOf, openDeal, readAllocation, readDeal } from '../chain/deals.ts';
import { fundPeerPool, peerPoolOf } from '../chain/peer-pool.ts';
import { readTokenBalance } from '../chain/tokens.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { bytesToHex } from '../protocol/bytes.ts';
import { contentRootOf } from '../protocol/content.ts';
import { declareOrigin, type ProbedOrigin } from './declare-origin.ts';
import type { ImportedContent } from './imported-content.ts';
import { nameAudience } from './name-audience.ts';
import { shortageOf, tooFewNodes } from './node-shortage.ts';
import type { PublicationRecord } from './publication-record.ts';
import type { PublishOptions, PublishRequest } from './publish-request.ts';
import { PublishError } from './publish-error.ts';
import { DEFAULT_DELIVERIES, MAX_NODES_PER_CALL } from './publish-limits.ts';
import { requirePresentPrices, requireQuoteAsAsked } from './quote-check.ts';
import { untilNothingPending } from './until-nothing-pending.ts';

/** A content that is to be paid for. */
export interface UnpaidContent {
  readonly components: CallComponents;
  readonly request: Omit<PublishRequest, 'source'>;
  readonly content: Pick<ImportedContent, 'root' | 'bytes'>;
  readonly origin: ProbedOrigin | undefined;
}

/**
 * Opens the deal of a content and gives its money to nodes. With a journal every step looks at the chain first, so that one
 * that was interrupted goes on with the same deal: none is done twice.
 */
export async function openPaidDeal(
  unpaid: UnpaidContent,
  options: PublishOptions,
): Promise<PublicationRecord> {
  const { request, content, components } = unpaid;
  const api = new MarketplaceApi(components, request.marketplaceUrl);
  const before = await options.journal?.read();
  if (before !== undefined) requireSameContent(before, content);
  const plan = before ?? (await newPlan(api, unpaid, options));
  if (before !== undefined) {
    options.onProgress?.({ phase: 'resumed', dealId: before.dealId });
    // What the interrupted one had sent may be on its way.
    await untilNothingPending(request.sender, options.signal);
  }
  await openOnce(unpaid, plan, options.signal);
  options.onProgress?.({ phase: 'opened', dealId: plan.dealId });
  await allocateOnce(api, unpaid, { plan, signal: options.signal });
  options.onProgress?.({ phase: 'allocated', dealId: plan.dealId, nodes: plan.nodes.length });
  return plan;
}

/** Takes a quote and writes down what will be opened, before anything is sent. */
async function newPlan(
  api: MarketplaceApi,
  { request, content }: UnpaidContent,
  { signal, onProgress, review, journal }: PublishOptions,
): Promise<PublicationRecord> {
  const { sender } = request;
  const quote = await acceptableQuote(api, { request, content }, signal);
  const peerPoolWei = request.peerPoolWei ?? 0n;
  const depositWei = quote.depositWei + peerPoolWei;
  const shortage = shortageOf(quote, request.replicas);
  onProgress?.({ phase: 'quoted', nodes: quote.nodes.length, depositWei, shortage });
  const cid = content.root.toString();
  if ((await review?.({ cid, bytes: content.bytes, quote, depositWei, peerPoolWei })) === false) {
    throw new PublishError('NOT_CONFIRMED', 'The plan was not confirmed, so nothing was sent.', {
      values: { cid, depositWei },
      remedy: 'Change what you ask for, or confirm the plan.',
    });
  }
  await requirePresentPrices(sender, quote);
  await requireTokens(sender, depositWei);
  const keys = await api.coordinatorKeys(sender.address, signal);
  const salt = bytesToHex(randomBytes(32));
  const dealId = dealIdOf(sender.deployment, sender.address, salt);
  const nodes = quote.nodes.map(({ amountWei, ...node }) => ({ ...node, allocatedWei: amountWei }));
  const plan = { ...{ salt, dealId, cid, depositWei, peerPoolWei, nodes }, ...keys };
  await journal?.write(plan);
  return plan;
}

/** @throws PublishError MONEY_SHORT */
async function requireTokens(sender: TransactionSender, needWei: bigint): Promise<void> {
  const { provider, deployment, address } = sender;
  const haveWei = await readTokenBalance(provider, deployment, address);
  if (haveWei >= needWei) return;
  throw new PublishError(
    'MONEY_SHORT',
    `The deposit needs ${needWei} wei of tokens, ${address} has ${haveWei}.`,
    {
      values: { address, needWei, haveWei },
      remedy: 'Send tokens to this account, or ask for fewer replicas or deliveries.',
    },
  );
}

/** Opens the deal unless it is open. @throws PublishError DEAL_ENDED */
async function openOnce(
  { request, content }: UnpaidContent,
  { salt, dealId, grantKey, collector, depositWei }: PublicationRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sender } = request;
  const known = async () => readDeal(sender.provider, sender.deployment, dealId);
  const deal = await known();
  if (deal !== undefined) {
    if (deal.state === 'open') return;
    throw new PublishError('DEAL_ENDED', `The deal ${dealId} of the interrupted publication was closed.`, {
      values: { dealId, state: deal.state },
      remedy: 'Publish anew; `bcdn publish --new` forgets the interrupted one.',
    });
  }
  const contentRoot = contentRootOf(content.root);
  const terms = { contentRoot, contentCodec: content.root.code, serviceLevel: request.serviceLevel ?? 0 };
  try {
    await openDeal(sender, { salt, grantKey, collector, ...terms, depositWei }, signal);
  } catch (error) {
    // Another process may have gone on with the same journal; the chain opens one deal for one salt.
    if ((await known())?.state !== 'open') throw error;
  }
}

/** Names audience and origin, then gives the nodes what they were not given yet. */
async function allocateOnce(
  api: MarketplaceApi,
  { request, origin, components }: UnpaidContent,
  { plan, signal }: { readonly plan: PublicationRecord; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { sender, audienceKey } = request;
  const { clock } = components;
  const { dealId, peerPoolWei } = plan;
  const missing = await withoutAllocation(sender, plan);
  if (missing.length > 0) {
    // Before any money is a node's to earn: what is granted of an open deal stays granted.
    if (audienceKey !== undefined)
      await nameAudience({ api, clock }, { dealId, sender, audienceKey }, signal);
    // Before any node hears that it is allocated, so that it knows where to fetch from.
    if (origin !== undefined) await declareOrigin({ api, clock }, { dealId, sender, origin }, signal);
  }
  for (let at = 0; at < missing.length; at += MAX_NODES_PER_CALL) {
    const batch = missing.slice(at, at + MAX_NODES_PER_CALL);
    const requests = batch.map(({ node, allocatedWei, ratePerGiB }) => ({
      ...{ node, ratePerGiB, amountWei: allocatedWei },
    }));
    await allocate(sender, dealId, requests, signal).catch((cause: unknown) => {
      throw allocationFailed(dealId, cause);
    });
  }
  if (peerPoolWei === 0n) return;
  const { fundedWei } = await peerPoolOf(sender.provider, sender.deployment, dealId);
  if (fundedWei < peerPoolWei) await fundPeerPool(sender, dealId, peerPoolWei - fundedWei, signal);
}

async function withoutAllocation(
  { provider, deployment }: TransactionSender,
  { dealId, nodes }: PublicationRecord,
): Promise<PublicationRecord['nodes']> {
  const found = await Promise.all(
    nodes.map(async ({ node }) => readAllocation(provider, deployment, { dealId, node })),
  );
  return nodes.filter((_node, index) => found[index] === undefined);
}

function requireSameContent({ cid, dealId }: PublicationRecord, { root }: UnpaidContent['content']): void {
  if (root.toString() === cid) return;
  throw new PublishError(
    'PUBLICATION_CHANGED',
    'The content has changed since its publication was interrupted.',
    {
      values: { dealId, before: cid, now: root.toString() },
      remedy: `Close what was begun with \`bcdn deal close ${dealId}\`, then publish with --new.`,
    },
  );
}

function allocationFailed(dealId: PublicationRecord['dealId'], cause: unknown): PublishError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PublishError(
    'ALLOCATION_FAILED',
    'The deal is open, but its money could not be given to the nodes.',
    {
      values: { dealId, reason },
      remedy:
        'Close the distribution to have the deposit back, then publish again: a node may have left meanwhile.',
      cause,
    },
  );
}

/** @throws PublishError QUOTE_UNUSABLE, NO_NODES, TOO_FEW_NODES, BUDGET_EXCEEDED */
async function acceptableQuote(
  api: MarketplaceApi,
  { request, content }: Pick<UnpaidContent, 'request' | 'content'>,
  signal: AbortSignal | undefined,
): Promise<Quote> {
  const { replicas, regions, serviceLevel, maxRatePerGiB, budgetWei, days } = request;
  const expectedDeliveryBytes = request.expectedDeliveryBytes ?? BigInt(content.bytes) * DEFAULT_DELIVERIES;
  const wishes = { replicas, regions, serviceLevel, maxRatePerGiB, days };
  const quote = await api.quote({ bytes: content.bytes, expectedDeliveryBytes, ...wishes }, signal);
  requireQuoteAsAsked(quote, request);
  const shortage = shortageOf(quote, replicas);
  if (shortage !== undefined && (request.allowFewer !== true || shortage.have === 0))
    throw tooFewNodes(shortage);
  const depositWei = quote.depositWei + (request.peerPoolWei ?? 0n);
  if (budgetWei !== undefined && depositWei > budgetWei) {
    throw new PublishError('BUDGET_EXCEEDED', 'The distribution needs a larger deposit than the budget.', {
      values: { depositWei, budgetWei },
      remedy: 'Raise the budget, or ask for fewer replicas or deliveries, or a smaller peer pool.',
    });
  }
  return quote;
}
