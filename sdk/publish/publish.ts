import type { CID } from 'multiformats/cid';

import { systemClock } from '../client/clock.ts';
import type { Quote } from '../client/marketplace-api.ts';
import { UndiciExchange } from '../client/undici-exchange.ts';
import type { CallComponents } from '../client/json-call.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import { requireTag } from '../protocol/content-notice.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { ContentSource } from './content-source.ts';
import { probeOrigin, requireOriginSource, type OriginRequest } from './declare-origin.ts';
import { importContent } from './import-content.ts';
import type { ImportedContent } from './imported-content.ts';
import { openPaidDeal } from './open-paid-deal.ts';
import { placeContent, placeSkeleton, type PlacementProgress } from './place-content.ts';
import type { PlacedNode, PublicationJournal } from './publication-record.ts';
import { pushArchive } from './push-archive.ts';
import { sendNotices } from './send-notices.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import { PLACEMENT_TIMEOUT_MS } from './publish-limits.ts';

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
  /** Days in which they are: says how long the deposit lasts. @default not said */
  readonly days?: number | undefined;
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
  /** A publication that was interrupted goes on: what follows may be done already. */
  | { readonly phase: 'resumed'; readonly dealId: DealId }
  | { readonly phase: 'opened'; readonly dealId: DealId }
  | { readonly phase: 'allocated'; readonly dealId: DealId; readonly nodes: number }
  | PlacementProgress;

/** What publishing will cost, and where the content will be. */
export interface PublicationPlan {
  readonly cid: string;
  readonly bytes: number;
  readonly quote: Quote;
  /** To escrow, `peerPoolWei` included. */
  readonly depositWei: bigint;
  readonly peerPoolWei: bigint;
}

export interface PublishOptions {
  /**
   * Keeps what is needed to go on after a crash, written before anything is sent: with the same journal the same deal is
   * opened, allocated and filled, and nothing is paid twice. @default none: a crash leaves a deal to be closed
   */
  readonly journal?: PublicationJournal | undefined;
  /** Sees the plan before anything is sent; false stops. Not asked again when a publication is resumed. @default goes on */
  readonly review?: ((plan: PublicationPlan) => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
  /** Time until every allocated node must hold the content, milliseconds. @default 120000 */
  readonly placementTimeoutMs?: number | undefined;
  /** Replaces the machine's HTTP and clock. */
  readonly components?: Partial<CallComponents> | undefined;
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
 * @throws PublishError NO_NODES, BUDGET_EXCEEDED, NOT_CONFIRMED, PUBLICATION_CHANGED, DEAL_ENDED, ORIGIN_UNUSABLE, ORIGIN_REFUSED,
 *   AUDIENCE_REFUSED, ALLOCATION_FAILED, PUSH_REFUSED, PUSH_FAILED, PLACEMENT_INCOMPLETE and what importing throws; ClientError from the marketplace; ChainError from the chain; the signal's reason
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
    const { dealId, nodes, depositWei: escrowedWei, peerPoolWei } = deal;
    const archive = { content, dealId, sender: request.sender, tags: request.tags };
    const timeoutMs = options.placementTimeoutMs ?? PLACEMENT_TIMEOUT_MS;
    const push = pushArchive(archive, components.clock);
    const placement = { root: cid, dealId, nodes, timeoutMs, push };
    if (origin === undefined) await placeContent(components, placement, { signal, onProgress });
    else await placeSkeleton(placement, { signal, onProgress });
    await tagContent(components, { request, cid, dealId }, signal);
    const paid = { dealId, nodes, escrowedWei, peerPoolWei };
    return { ...paid, cid, bytes, blocks, seconds: (components.clock.nowMs() - startedMs) / 1000 };
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
