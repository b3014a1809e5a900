import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { dealIdOfSalt, saltOfUploadKey } from '../../../sdk/protocol/upload-key.ts';
import type { PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { SeenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import type { Network } from '../market-data/network.ts';
import type { Draft } from './draft.ts';
import type { Quote } from './quote.ts';

/** What was reviewed and agreed to. */
export interface ReviewedPlan {
  readonly network: Network & { readonly genesisHash: string };
  readonly publisher: Draft['publisher'];
  readonly name: string;
  readonly content: PlannedContent;
  /** Undefined where the content is uploaded. */
  readonly origin: SeenOrigin | undefined;
  readonly quote: Quote;
  readonly serviceLevel: number;
  readonly keys: { readonly grantKey: string; readonly collector: string };
}

/**
 * Makes the draft of a reviewed plan: salt and upload key are new, so the deal is one that is not on the chain.
 * @param randomBytes `crypto.getRandomValues` in a page
 * @param now Unix seconds
 */
export function makeDraft(
  plan: ReviewedPlan,
  randomBytes: (length: number) => Uint8Array,
  now: number,
): Draft {
  const { network, publisher, content, origin, quote, keys } = plan;
  const privateKey = randomBytes(32);
  const uploadNonce: Hex = bytesToHex(randomBytes(32));
  const salt = saltOfUploadKey({ uploadKey: pureSecp256k1.addressOf(privateKey), nonce: uploadNonce });
  const domain = { chainId: BigInt(network.chainId), verifyingContract: parseAddress(network.market) };
  return {
    ...{ chainId: network.chainId, genesisHash: network.genesisHash, publisher, salt, uploadNonce },
    dealId: dealIdOfSalt(domain, publisher, salt),
    uploadKey: bytesToHex(privateKey),
    name: plan.name,
    cid: content.root.toString(),
    contentRoot: contentRootOf(content.root),
    contentCodec: content.root.code,
    bytes: BigInt(content.bytes),
    collector: parseAddress(keys.collector),
    grantKey: parseAddress(keys.grantKey),
    ...{
      serviceLevel: plan.serviceLevel,
      depositWei: quote.depositWei,
      transaction: undefined,
      reviewedAt: now,
    },
    origin: origin && {
      ...{ url: origin.url, etag: origin.etag, lastModified: origin.lastModified },
      signed: undefined,
    },
    nodes: quote.nodes.map((node) => ({ ...node, node: parseAddress(node.node) })),
  };
}
