import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { spanLength } from '../../core/http-semantics/byte-ranges.ts';
import { RAW_TYPE } from '../../core/http-semantics/content-form.ts';
import { blockPieces, fewBytes } from './block-pieces.ts';
import { contentHeaders, contentLocation } from './content-headers.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { BODY_PIECE_BYTES } from './gateway-limits.ts';
import { sendRepresentation, type ContentExchange } from './representation.ts';

/** GET|HEAD /ipfs/<cid>?format=raw: one block (trustless gateway specification), for a grant or for free. */
export async function serveRawBlock(
  components: Pick<GatewayComponents, 'blocks' | 'contents'>,
  content: ContentExchange,
  cid: CID,
): Promise<void> {
  const sizeBytes = await locate(components, content, cid);
  const text = cid.toString();
  const { blocks, memory } = content;
  const read = async (): Promise<Uint8Array> => {
    const bytes = await blocks.get(cid);
    if (bytes.length !== sizeBytes) throw blocks.notFound(cid);
    return bytes;
  };
  await sendRepresentation(content, {
    cid: text,
    etag: `"${text}.raw"`,
    sizeBytes,
    contentType: RAW_TYPE,
    headers: {
      ...contentHeaders(content.exchange, cid),
      ...contentLocation(content.exchange, 'raw'),
      'content-disposition': `attachment; filename="${text}.bin"`,
    },
    bytes: (span) =>
      spanLength(span) <= BODY_PIECE_BYTES
        ? fewBytes(read, cid, span)
        : blockPieces({ read, memory }, cid, span),
  });
}

/** Finds the block here or fetches it, and checks that the grant is for its content. @returns its size */
async function locate(
  { blocks, contents }: Pick<GatewayComponents, 'blocks' | 'contents'>,
  content: ContentExchange,
  cid: CID,
): Promise<number> {
  const root = content.open?.grant.contentRoot;
  if (root !== undefined && !isPart(contents, root, cid) && contents.isComplete(root)) {
    throw wrongContent(cid, root);
  }
  const stored = await blocks.sizeOf(cid);
  if (stored !== undefined && (root === undefined || isPart(contents, root, cid))) return stored;
  const filled = (await content.blocks.fill(cid)) ? await blocks.sizeOf(cid) : undefined;
  if (filled === undefined) throw content.blocks.notFound(cid);
  if (root !== undefined && !isPart(contents, root, cid)) throw wrongContent(cid, root);
  return filled;
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
