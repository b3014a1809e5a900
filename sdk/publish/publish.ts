import type { CID } from 'multiformats/cid';

import { systemClock } from '../pacing/clock.ts';
import { UndiciExchange } from '../client/undici-exchange.ts';
import type { CallComponents } from '../client/json-call.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import { requireTag } from '../protocol/content-notice.ts';
import type { DealId } from '../protocol/identifiers.ts';
import { probeOrigin, requireOriginSource } from './declare-origin.ts';
import { importContent } from './import-content.ts';
import type { ImportedContent } from './imported-content.ts';
import { openPaidDeal } from './open-paid-deal.ts';
import { placeContent, placeSkeleton } from './place-content.ts';
import type { PlacedNode } from './publication-record.ts';
import type { PublishOptions, PublishRequest } from './publish-request.ts';
import { pushArchive } from './push-archive.ts';
import { noticeSigner, sendNotices } from './send-notices.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import { PLACEMENT_TIMEOUT_MS } from './publish-limits.ts';

export type { PublicationPlan, PublishOptions, PublishProgress, PublishRequest } from './publish-request.ts';

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
 * @throws PublishError QUOTE_UNUSABLE, NO_NODES, TOO_FEW_NODES, BUDGET_EXCEEDED, NOT_CONFIRMED, PUBLICATION_CHANGED, DEAL_ENDED, ORIGIN_UNUSABLE, ORIGIN_REFUSED,
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
  const sign = noticeSigner(nativeSecp256k1, hexToBytes(sender.wallet.privateKey, 32));
  for (const tag of request.tags ?? []) {
    const wish = { marketplaceUrl, sign, kind: 'tag', cid, dealId, tag } as const;
    await sendNotices(components, wish, signal);
  }
}
