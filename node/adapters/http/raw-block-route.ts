import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { BlockFill } from './block-fill.ts';
import { BodyWriter } from './body-writer.ts';
import { contentHeaders, type CacheOutcome } from './content-headers.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayComponents, GatewayOptions } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import type { OpenGrant } from './grant-intake.ts';
import { matchesEtag } from './request-parsing.ts';
import type { TransferDesk } from './transfer-desk.ts';

export interface BlockRouteParts {
  readonly components: Pick<GatewayComponents, 'blocks' | 'contents' | 'clock'>;
  readonly options: Pick<GatewayOptions, 'slowClientTimeoutMs'>;
  readonly desk: TransferDesk;
  readonly fill: BlockFill;
}

/** GET|HEAD /ipfs/<cid>?format=raw: one block (trustless gateway specification), for a grant or for free. */
export async function serveRawBlock(parts: BlockRouteParts, exchange: Exchange, cid: CID): Promise<void> {
  const { components, desk } = parts;
  const { request, response, headOnly } = exchange;
  const open = await desk.grantOf(exchange);
  const { size, cache } = await locate(parts, cid, open);
  const etag = `"${cid.toString()}.raw"`;
  const elapsedMs = components.clock.nowMs() - exchange.startedMs;
  const headers = {
    ...contentHeaders({ cid, etag, path: exchange.path, cache, elapsedMs }),
    'content-type': 'application/vnd.ipld.raw',
    'content-disposition': `attachment; filename="${cid.toString()}.bin"`,
    'x-content-type-options': 'nosniff',
  };
  if (matchesEtag(request, etag)) {
    response.writeHead(304, { ...headers, ...desk.headersOf(open) }).end();
    return;
  }
  if (headOnly) {
    response.writeHead(200, { ...headers, ...desk.headersOf(open), 'content-length': size }).end();
    return;
  }
  await sendBlock(parts, { exchange, cid, open, headers, size });
}

async function sendBlock(
  parts: BlockRouteParts,
  transfer: {
    exchange: Exchange;
    cid: CID;
    open: OpenGrant | undefined;
    headers: Record<string, string | number | string[] | undefined>;
    size: number;
  },
): Promise<void> {
  const { desk, components, options } = parts;
  const { exchange, cid, open, headers, size } = transfer;
  const leave = await desk.take(exchange, open, size);
  const unsent = { sentBytes: 0, complete: false };
  let sent = unsent;
  try {
    const bytes = await components.blocks.get(cid);
    if (bytes === undefined || bytes.length !== size) throw blockNotFound(cid);
    const writer = new BodyWriter(exchange.response, { timeoutMs: options.slowClientTimeoutMs });
    if (writer.closed) return;
    exchange.response.writeHead(200, { ...headers, ...desk.headersOf(open), 'content-length': size });
    sent = await writer.finish(bytes);
  } finally {
    leave.settle(sent);
  }
}

/** Finds the block here or fetches it, and checks that the grant is for its content. */
async function locate(
  { components, fill }: BlockRouteParts,
  cid: CID,
  open: OpenGrant | undefined,
): Promise<{ size: number; cache: CacheOutcome }> {
  const { blocks, contents } = components;
  const root = open?.grant.contentRoot;
  if (root !== undefined && !isPart(contents, root, cid) && contents.isComplete(root)) {
    throw wrongContent(cid, root);
  }
  const size = await blocks.sizeOf(cid);
  if (size !== undefined && (root === undefined || isPart(contents, root, cid)))
    return { size, cache: 'hit' };
  const filled = await fill.fill(cid, root);
  const filledSize = filled ? await blocks.sizeOf(cid) : undefined;
  if (filledSize === undefined) throw blockNotFound(cid);
  if (root !== undefined && !isPart(contents, root, cid)) throw wrongContent(cid, root);
  return { size: filledSize, cache: 'fill' };
}

/** Whether a block belongs to a content, as far as this node knows. */
export function isPart(contents: GatewayComponents['contents'], root: ContentRoot, cid: CID): boolean {
  return contentRootOf(cid) === root || contents.contains(root, cid);
}

function wrongContent(cid: CID, root: ContentRoot): GatewayError {
  return new GatewayError(403, 'GRANT_WRONG_CONTENT', {
    message: 'The block is not part of the content that the grant is for.',
    values: { cid: cid.toString(), contentRoot: root },
    remedy: 'Ask the coordinator for a grant of the deal that this block belongs to.',
  });
}

export function blockNotFound(cid: CID): GatewayError {
  return new GatewayError(404, 'BLOCK_NOT_FOUND', {
    message: 'The block is not stored here and was not found elsewhere.',
    values: { cid: cid.toString() },
    remedy: 'Ask /routing/v1/providers for a node that holds it.',
  });
}
