import { randomBytes } from 'node:crypto';

import type { CID } from 'multiformats/cid';

import { systemClock } from '../client/clock.ts';
import { MarketplaceApi, type Quote } from '../client/marketplace-api.ts';
import { UndiciExchange } from '../client/undici-exchange.ts';
import type { CallComponents } from '../client/json-call.ts';
import { allocate, openDeal } from '../chain/deals.ts';
import { fundPeerPool } from '../chain/peer-pool.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts';
import { requireTag } from '../protocol/content-notice.ts';
import { contentRootOf } from '../protocol/content.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { ContentSource } from './content-source.ts';
import {
  declareOrigin,
  probeOrigin,
  requireOriginSource,
  type OriginRequest,
  type ProbedOrigin,
} from './declare-origin.ts';
import { importContent } from './import-content.ts';
import type { ImportedContent } from './imported-content.ts';
import { nameAudience } from './name-audience.ts';
import { placeContent, placeSkeleton, type PlacementProgress } from './place-content.ts';
import { pushArchive } from './push-archive.ts';
import { PublishError } from './publish-error.ts';
import { sendNotices } from './send-notices.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import { DEFAULT_DELIVERIES, PLACEMENT_TIMEOUT_MS } from './publish-limits.ts';

/** What to publish, who pays, and how widely. */
export interface PublishRequest {
  readonly source: ContentSource;
  /** The publisher's account: pays the deposit and signs the uploads. */
  readonly sender: TransactionSender;
  readonly marketplaceUrl: string;
  /** Edges that will hold the content. */
  readonly replicas: number;
  /** @default all regions */
  readonly regions?: readonly string[] | undefined;
  /** Bytes that all viewers together are expected to fetch. @default ten times the content */
  readonly expectedDeliveryBytes?: bigint | undefined;
  /** Highest price, wei per GiB. @default no limit */
  readonly maxRatePerGiB?: bigint | undefined;
  /** Set aside for peers, viewers that also serve, beside what the nodes are allocated. @default 0: no peer is paid */
  readonly peerPoolWei?: bigint | undefined;
  /** Most wei to escrow. @default no limit */
  readonly budgetWei?: bigint | undefined;
  readonly serviceLevel?: number | undefined;
  /** Signs the admissions of the viewers whom the deal is for (`signAdmission`). @default everybody is granted */
  readonly audienceKey?: Address | undefined;
  /**
   * Where nodes fetch the content from, so that it needs no pushing: they get its inner nodes and the address, and serve it
   * at once. `source` is still read once here, to name the content. @default it is pushed
   */
  readonly origin?: OriginRequest | undefined;
  /** Names under which the content can be purged with others of this publisher, at most 16. @default none */
  readonly tags?: readonly string[] | undefined;
  /** Leaf size in bytes. @default 1048576 */
  readonly chunkBytes?: number | undefined;
  /** Directory of the temporary archive. @default the system's */
  readonly temporaryDirectory?: string | undefined;
}

/** How far publishing has come. */
export type PublishProgress =
  | { readonly phase: 'importing'; readonly bytes: number }
  | { readonly phase: 'imported'; readonly cid: string; readonly bytes: number; readonly blocks: number }
  | { readonly phase: 'quoted'; readonly nodes: number; readonly depositWei: bigint }
  | { readonly phase: 'opened'; readonly dealId: DealId }
  | { readonly phase: 'allocated'; readonly dealId: DealId; readonly nodes: number }
  | PlacementProgress;

export interface PublishOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
  /** Time until every allocated node must hold the content, milliseconds. @default 120000 */
  readonly placementTimeoutMs?: number | undefined;
  /** Replaces the machine's HTTP and clock. */
  readonly components?: Partial<CallComponents> | undefined;
}

/** A node that was paid for in advance, and how. */
export interface PlacedNode {
  readonly node: Address;
  readonly region: string;
  readonly endpoints: readonly string[];
  readonly allocatedWei: bigint;
  readonly ratePerGiB: bigint;
}

/** A distribution that is being served. */
export interface Publication {
  readonly dealId: DealId;
  readonly cid: CID;
  readonly bytes: number;
  readonly blocks: number;
  readonly nodes: readonly PlacedNode[];
  /** Allocated to nodes and set aside for peers. */
  readonly escrowedWei: bigint;
  readonly peerPoolWei: bigint;
  readonly seconds: number;
}

/**
 * Publishes a content: imports it, takes a quote, opens a deal by permit, names its audience if it has one, allocates tokens
 * to nodes, pushes to one edge of each region and waits until every allocated node holds it. With an origin it pushes only
 * the inner nodes, to every node, and waits for no more: each fetches what is asked of it, and the rest behind that.
 *
 * Once the deal is open, failures carry `dealId` in their values: `closeDistribution` brings the deposit back.
 *
 * @throws PublishError NO_NODES, BUDGET_EXCEEDED, ORIGIN_UNUSABLE, ORIGIN_REFUSED, AUDIENCE_REFUSED, ALLOCATION_FAILED, PUSH_REFUSED, PUSH_FAILED,
 *   PLACEMENT_INCOMPLETE and what importing throws; ClientError from the marketplace; ChainError from the chain; the signal's reason
 */
export async function publish(request: PublishRequest, options: PublishOptions = {}): Promise<Publication> {
  const http = options.components?.http ?? new UndiciExchange();
  const components: CallComponents = { http, clock: options.components?.clock ?? systemClock };
  const { signal, onProgress } = options;
  const startedMs = components.clock.nowMs();
  for (const tag of request.tags ?? []) requireTag(tag);
  let content: ImportedContent | undefined;
  try {
    const { origin } = request;
    if (origin !== undefined) requireOriginSource(request.source, origin);
    content = await importContent(request.source, {
      part: origin === undefined ? 'whole' : 'skeleton',
      ...(request.chunkBytes !== undefined && { chunkBytes: request.chunkBytes }),
      ...(request.temporaryDirectory !== undefined && { temporaryDirectory: request.temporaryDirectory }),
      ...(signal && { signal }),
      onProgress: (bytes) => onProgress?.({ phase: 'importing', bytes }),
    });
    const { root: cid, bytes, blocks } = content;
    onProgress?.({ phase: 'imported', cid: cid.toString(), bytes, blocks });
    const probed = origin && (await probeOrigin(http, origin, { bytes, signal }));
    const deal = await openPaidDeal({ components, request, content, origin: probed }, options);
    const { dealId, nodes } = deal;
    const archive = { content, dealId, sender: request.sender, tags: request.tags };
    const timeoutMs = options.placementTimeoutMs ?? PLACEMENT_TIMEOUT_MS;
    const push = pushArchive(archive, components.clock);
    const placement = { root: cid, dealId, nodes, timeoutMs, push };
    if (origin === undefined) await placeContent(components, placement, { signal, onProgress });
    else await placeSkeleton(placement, { signal, onProgress });
    await tagContent(components, { request, cid, dealId: deal.dealId }, signal);
    return { ...deal, cid, bytes, blocks, seconds: (components.clock.nowMs() - startedMs) / 1000 };
  } finally {
    await content?.carFile.remove();
    if (options.components?.http === undefined) await http.close();
  }
}

/** Tells every edge the tags of the content: those that filled it from others have not heard of them. */
async function tagContent(
  components: CallComponents,
  published: { readonly request: PublishRequest; readonly cid: CID; readonly dealId: DealId },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { request, cid, dealId } = published;
  const { marketplaceUrl, sender } = request;
  const publisherKey = hexToBytes(sender.wallet.privateKey, 32);
  for (const tag of request.tags ?? []) {
    const wish = { marketplaceUrl, publisherKey, kind: 'tag', cid, dealId, tag } as const;
    await sendNotices({ ...components, secp256k1: nativeSecp256k1 }, wish, signal);
  }
}

async function openPaidDeal(
  parts: {
    readonly components: CallComponents;
    readonly request: PublishRequest;
    readonly content: ImportedContent;
    readonly origin: ProbedOrigin | undefined;
  },
  { signal, onProgress }: PublishOptions,
): Promise<Pick<Publication, 'dealId' | 'nodes' | 'escrowedWei' | 'peerPoolWei'>> {
  const { request, content, origin } = parts;
  const { sender } = request;
  const api = new MarketplaceApi(parts.components, request.marketplaceUrl);
  const quote = await acceptableQuote(api, parts, signal);
  const peerPoolWei = request.peerPoolWei ?? 0n;
  const depositWei = quote.depositWei + peerPoolWei;
  onProgress?.({ phase: 'quoted', nodes: quote.nodes.length, depositWei });
  const keys = await api.coordinatorKeys(sender.address, signal);
  const { dealId } = await openDeal(
    sender,
    {
      ...keys,
      salt: bytesToHex(randomBytes(32)),
      contentRoot: contentRootOf(content.root),
      contentCodec: content.root.code,
      serviceLevel: request.serviceLevel ?? 0,
      depositWei,
    },
    signal,
  );
  onProgress?.({ phase: 'opened', dealId });
  const { audienceKey } = request;
  const { clock } = parts.components;
  // Before any money is a node's to earn: what is granted of an open deal stays granted.
  if (audienceKey !== undefined) await nameAudience({ api, clock }, { dealId, sender, audienceKey }, signal);
  // Before any node hears that it is allocated, so that it knows where to fetch from.
  if (origin !== undefined) await declareOrigin({ api, clock }, { dealId, sender, origin }, signal);
  const allocations = quote.nodes.map(({ node, amountWei, ratePerGiB }) => ({ node, amountWei, ratePerGiB }));
  await allocate(sender, dealId, allocations, signal).catch((cause: unknown) => {
    throw allocationFailed(dealId, cause);
  });
  if (peerPoolWei > 0n) await fundPeerPool(sender, dealId, peerPoolWei, signal);
  onProgress?.({ phase: 'allocated', dealId, nodes: allocations.length });
  const nodes = quote.nodes.map(({ amountWei, ...node }) => ({ ...node, allocatedWei: amountWei }));
  return { dealId, nodes, escrowedWei: depositWei, peerPoolWei };
}

function allocationFailed(dealId: DealId, cause: unknown): PublishError {
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

async function acceptableQuote(
  api: MarketplaceApi,
  { request, content }: { readonly request: PublishRequest; readonly content: ImportedContent },
  signal: AbortSignal | undefined,
): Promise<Quote> {
  const { replicas, regions, serviceLevel, maxRatePerGiB, budgetWei } = request;
  const expectedDeliveryBytes = request.expectedDeliveryBytes ?? BigInt(content.bytes) * DEFAULT_DELIVERIES;
  const wishes = { replicas, regions, serviceLevel, maxRatePerGiB };
  const quote = await api.quote({ bytes: content.bytes, expectedDeliveryBytes, ...wishes }, signal);
  if (quote.nodes.length === 0) {
    throw new PublishError('NO_NODES', 'No node meets the wishes for this distribution.', {
      values: { replicas, ...quote.removed },
      remedy: 'Allow more regions or a higher price; the values say which wish removed how many nodes.',
    });
  }
  const depositWei = quote.depositWei + (request.peerPoolWei ?? 0n);
  if (budgetWei !== undefined && depositWei > budgetWei) {
    throw new PublishError('BUDGET_EXCEEDED', 'The distribution needs a larger deposit than the budget.', {
      values: { depositWei, budgetWei },
      remedy: 'Raise the budget, or ask for fewer replicas or deliveries, or a smaller peer pool.',
    });
  }
  return quote;
}
