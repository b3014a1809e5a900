import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { httpOriginOf } from '../../../sdk/client/endpoint.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import {
  placeContent,
  placeSkeleton,
  type Placement,
  type PlacementProgress,
} from '../../../sdk/publish/place-content.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import { PLACEMENT_TIMEOUT_MS } from '../../../sdk/publish/publish-limits.ts';
import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import type { PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { SeenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { uploadSkeleton, uploadSlices } from '../../../sdk/publish/slices/upload-slices.ts';
import { MarketDataError } from '../market-data/market-data-error.ts';
import type { Network } from '../market-data/network.ts';
import { fetchNode } from '../market-data/nodes.ts';
import type { Draft, DraftNode } from './draft.ts';

/** A content at hand: what was read of it, and the files, none where it was read at its origin. */
export interface ContentAtHand {
  readonly content: PlannedContent;
  readonly files: readonly PickedFile[];
  /** Where nodes are to fetch it; undefined where it is uploaded to them. */
  readonly origin: SeenOrigin | undefined;
}

interface PlacingWatch {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PlacementProgress) => void;
}

/**
 * Uploads to an edge of each region and waits until all nodes of the deal hold the content; where they fetch it from an origin,
 * uploads its inner nodes to each of them.
 * @throws PublishError
 */
export async function placeDistribution(
  network: Network,
  draft: Draft,
  atHand: ContentAtHand,
  watch: PlacingWatch,
): Promise<void> {
  const http = new FetchExchange();
  const nodes = await Promise.all(draft.nodes.map((node) => whereItIsNow(node, watch.signal)));
  const placement = placementOf(network, { ...draft, nodes }, atHand);
  try {
    if (draft.origin === undefined) await placeContent({ http, clock: systemClock }, placement, watch);
    else await placeSkeleton(placement, watch);
  } finally {
    await http.close();
  }
}

function placementOf(network: Network, draft: Draft, { content, files }: ContentAtHand): Placement {
  const { dealId, nodes } = draft;
  const privateKey = hexToBytes(draft.uploadKey, 32);
  const authority = {
    domain: { chainId: BigInt(network.chainId), verifyingContract: parseAddress(network.market) },
    key: { uploadKey: pureSecp256k1.addressOf(privateKey), nonce: draft.uploadNonce },
    ...{ privateKey, secp256k1: pureSecp256k1 },
  };
  return {
    ...{ root: content.root, dealId, nodes, timeoutMs: PLACEMENT_TIMEOUT_MS },
    push: async ({ node, endpoints }, part, options) => {
      const origin = httpOriginOf(endpoints);
      if (origin === undefined) {
        throw new PublishError('ENDPOINT_MISSING', `Node ${node} announces no HTTP endpoint.`, {
          values: { node },
          remedy: 'Another node of its region takes the content in its place.',
        });
      }
      const upload = { origin, node, dealId, content, authority };
      if (part === 'skeleton') await uploadSkeleton(upload, options);
      else await uploadSlices({ ...upload, files }, options);
    },
  };
}

/** A node of the plan at the address that it announces now; at that of the review where the marketplace cannot tell. */
async function whereItIsNow(node: DraftNode, signal: AbortSignal): Promise<DraftNode> {
  try {
    const { endpoints } = await fetchNode(node.node, signal);
    return httpOriginOf(endpoints) === undefined ? node : { ...node, endpoints };
  } catch (failure) {
    signal.throwIfAborted();
    // Uploads need no marketplace.
    if (!(failure instanceof MarketDataError)) throw failure;
    return node;
  }
}
