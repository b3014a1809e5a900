import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import {
  decodeSignedUpload,
  uploadDigest,
  type SignedUpload,
  type Upload,
} from '../../../sdk/protocol/authorisation.ts';
import { requireTag } from '../../../sdk/protocol/content-notice.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import {
  TAGS_HEADER,
  UPLOAD_HEADER,
  UPLOAD_KEY_HEADER,
  UPLOAD_PART_HEADER,
  UPLOAD_PARTS,
  type UploadPart,
} from '../../../sdk/protocol/http.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { MAX_MISSING_LISTED, MAX_UPLOAD_SLICE_BYTES } from '../../../sdk/protocol/limits.ts';
import {
  dealIdOfSalt,
  decodeUploadKey,
  saltOfUploadKey,
  type UploadKey,
} from '../../../sdk/protocol/upload-key.ts';
import type { ContentSummary, SliceTaken } from '../../core/storage/block-ports.ts';
import type { CID } from 'multiformats/cid';
import { dealTerms } from '../delivery-desk/deal-terms.ts';
import { sendJson, type Exchange } from './exchange.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { GatewayError, type GatewayErrorCode } from './gateway-error.ts';
import { MAX_UPLOAD_BYTES, MAX_UPLOAD_VALIDITY_SECONDS, MAX_UPLOADS } from './gateway-limits.ts';
import { bodyOf, requireDeclaredLength } from './request-body.ts';
import { headerOf } from './request-parsing.ts';

/**
 * /bcdn/v1/content/<root>: a publisher places the content of its deal on this node, as one CARv1 or in slices, and asks how
 * far that came.
 */
export class ContentUpload {
  readonly #components: GatewayComponents;
  #uploads = 0;

  constructor(components: GatewayComponents) {
    this.#components = components;
  }

  /** @throws DeliveryError NODE_DRAINING; GatewayError UPLOAD_*; StorageError QUOTA_EXCEEDED, CAR_*, …; ProtocolError BLOCK_HASH_MISMATCH */
  async take(exchange: Exchange, root: CID): Promise<void> {
    const { contents, contentStored, refusesUploads } = this.#components;
    const refusal = refusesUploads?.();
    if (refusal !== undefined) throw refusal;
    const { upload } = await this.#authorise(exchange, root);
    const part = partOf(headerOf(exchange.request, UPLOAD_PART_HEADER));
    const tags = tagsOf(headerOf(exchange.request, TAGS_HEADER));
    const maxBytes = part === 'slice' ? sliceBytesOf(upload) : Number(upload.bytes);
    requireDeclaredLength(exchange.request, maxBytes);
    if (this.#uploads >= MAX_UPLOADS) throw uploadsBusy();
    this.#uploads += 1;
    try {
      // A client that waits to be asked for its body is asked only now that everything else is right.
      if (exchange.request.headers.expect !== undefined) exchange.response.writeContinue();
      const target = { root: upload.contentRoot, codec: root.code };
      const stream = bodyOf(exchange.request);
      const content =
        part === 'slice'
          ? await contents.takeSlice({
              ...{ target, stream, sliceBytes: maxBytes, maxBytes: Number(upload.bytes) },
            })
          : await contents.importCar(root, stream, { pinFor: upload.dealId, maxBytes, part });
      contents.tag(target, tags);
      if (content.complete) await contentStored?.(root, upload.dealId);
      // The content was here already and its body need not be read.
      if (!exchange.request.complete) exchange.response.setHeader('connection', 'close');
      sendJson(exchange, 201, answerOf(root, content));
    } finally {
      this.#uploads -= 1;
    }
  }

  /** What is stored of the content and what it lacks, for the one who may upload it. @throws GatewayError UPLOAD_* */
  async state(exchange: Exchange, root: CID): Promise<void> {
    const { upload } = await this.#authorise(exchange, root);
    const state = this.#components.contents.uploadState(upload.contentRoot, MAX_MISSING_LISTED);
    sendJson(exchange, 200, { cid: root.toString(), ...state });
  }

  async #authorise({ request }: Exchange, root: CID): Promise<SignedUpload> {
    const { node, deals } = this.#components;
    const signed = decodeUpload(headerOf(request, UPLOAD_HEADER));
    const { upload } = signed;
    if (upload.node !== node) {
      throw refusal('UPLOAD_WRONG_NODE', 'The authorisation is for another node.', {
        expected: node,
        actual: upload.node,
      });
    }
    if (upload.contentRoot !== contentRootOf(root)) {
      throw refusal('UPLOAD_WRONG_CONTENT', 'The authorisation is for another content.', {
        expected: contentRootOf(root),
        actual: upload.contentRoot,
      });
    }
    this.#requireTime(upload.expiresAt);
    if (upload.bytes > BigInt(MAX_UPLOAD_BYTES)) {
      throw refusal('UPLOAD_MALFORMED', 'The authorisation is for more bytes than a content may have.', {
        bytes: upload.bytes,
        maxBytes: MAX_UPLOAD_BYTES,
      });
    }
    const { deal, allocation } = await dealTerms(deals, upload.dealId);
    const wanted = deal?.contentRoot === upload.contentRoot && deal.contentCodec === root.code;
    const allocated = allocation !== undefined && allocation.isPeerPool !== true;
    if (deal === undefined || !allocated || allocation.state === 'released' || !wanted) {
      throw refusal('UPLOAD_UNKNOWN_DEAL', 'No open deal allocates tokens to this node for this content.', {
        dealId: upload.dealId,
        dealKnown: deal !== undefined,
        allocated,
      });
    }
    if (allocation.isWithdrawn === true) throw withdrawn(upload.dealId);
    this.#requireSigner(signed, deal.publisher, keyOf(headerOf(request, UPLOAD_KEY_HEADER)));
    return signed;
  }

  #requireTime(expiresAt: bigint): void {
    const nowSeconds = Math.floor(this.#components.clock.nowMs() / 1000);
    if (expiresAt > BigInt(nowSeconds) && expiresAt <= BigInt(nowSeconds + MAX_UPLOAD_VALIDITY_SECONDS))
      return;
    throw refusal('UPLOAD_EXPIRED', 'The authorisation is over, or good for too long.', {
      expiresAt,
      nowSeconds,
      maxValiditySeconds: MAX_UPLOAD_VALIDITY_SECONDS,
    });
  }

  /** The publisher signs, or the key that it named when it opened the deal. */
  #requireSigner({ upload, signature }: SignedUpload, publisher: Address, key: UploadKey | undefined): void {
    const { secp256k1, domain } = this.#components;
    let signer: string;
    try {
      signer = secp256k1.recover(uploadDigest(domain, upload), signature);
    } catch (cause) {
      throw refusal('UPLOAD_BAD_SIGNATURE', 'The signature of the authorisation is not valid.', {}, cause);
    }
    if (signer === publisher) return;
    const named =
      key !== undefined && dealIdOfSalt(domain, publisher, saltOfUploadKey(key)) === upload.dealId;
    if (named && signer === key.uploadKey) return;
    throw refusal('UPLOAD_BAD_SIGNATURE', 'The authorisation is not signed by the publisher of the deal.', {
      expected: named ? key.uploadKey : publisher,
      actual: signer,
    });
  }
}

function answerOf(root: CID, content: ContentSummary | SliceTaken): Readonly<Record<string, unknown>> {
  const { complete } = content;
  const figures =
    'blocks' in content
      ? { bytes: content.bytes, blocks: content.blocks }
      : { storedBlocks: content.storedBlocks };
  return { cid: root.toString(), ...figures, complete };
}

/** A slice is no larger than the whole that was signed. */
function sliceBytesOf(upload: Upload): number {
  return Math.min(MAX_UPLOAD_SLICE_BYTES, Number(upload.bytes));
}

/** @throws GatewayError UPLOAD_MALFORMED */
function keyOf(header: string | undefined): UploadKey | undefined {
  if (header === undefined) return undefined;
  try {
    return decodeUploadKey(base64UrlDecode(header));
  } catch (cause) {
    throw new GatewayError(400, 'UPLOAD_MALFORMED', {
      message: `The ${UPLOAD_KEY_HEADER} header cannot be decoded.`,
      remedy: 'Send the upload key that the salt of the deal names, base64url-encoded, or leave it out.',
      cause,
    });
  }
}

function partOf(header: string | undefined): UploadPart {
  const part = UPLOAD_PARTS.find((known) => known === (header ?? 'whole'));
  if (part !== undefined) return part;
  throw new GatewayError(400, 'UPLOAD_MALFORMED', {
    message: `The ${UPLOAD_PART_HEADER} header names no part of a content.`,
    remedy: `Leave it out, or say ${UPLOAD_PARTS.join(' or ')}.`,
  });
}

function decodeUpload(header: string | undefined): SignedUpload {
  if (header === undefined) {
    throw new GatewayError(401, 'UPLOAD_MISSING', {
      message: 'An upload needs the authorisation of the publisher.',
      remedy: `Send a signed Upload in the ${UPLOAD_HEADER} header, as \`bcdn publish\` does.`,
    });
  }
  try {
    return decodeSignedUpload(base64UrlDecode(header));
  } catch (cause) {
    throw new GatewayError(400, 'UPLOAD_MALFORMED', {
      message: `The ${UPLOAD_HEADER} header cannot be decoded.`,
      remedy: 'Send the signed Upload base64url-encoded, without padding.',
      cause,
    });
  }
}

function refusal(
  code: GatewayErrorCode,
  message: string,
  values: Record<string, string | number | bigint | boolean>,
  cause?: unknown,
): GatewayError {
  return new GatewayError(403, code, {
    message,
    values,
    remedy: 'Sign an upload authorisation for this node, this content and an open deal that allocates to it.',
    cause,
  });
}

/** @throws ProtocolError NOTICE_INVALID for a name that is no tag */
function tagsOf(header: string | undefined): string[] {
  const tags = (header ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  for (const tag of tags) requireTag(tag);
  return tags;
}

function withdrawn(dealId: string): GatewayError {
  return new GatewayError(410, 'CONTENT_WITHDRAWN', {
    message: 'The content of this deal was taken down.',
    values: { dealId },
    remedy: 'Open a new deal to publish it again.',
  });
}

function uploadsBusy(): GatewayError {
  return new GatewayError(503, 'UPLOADS_BUSY', {
    message: 'The node is taking as many uploads as it can.',
    values: { maxUploads: MAX_UPLOADS },
    remedy: 'Try again in a few seconds, or upload to another node of the deal.',
    headers: { 'retry-after': '5' },
  });
}
