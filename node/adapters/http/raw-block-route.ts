import type { CID } from 'multiformats/cid';

import { spanLength } from '../../core/http-semantics/byte-ranges.ts';
import { RAW_TYPE } from '../../core/http-semantics/content-form.ts';
import { locateBlock } from './block-location.ts';
import { blockPieces, fewBytes, ofSize } from './block-pieces.ts';
import { contentHeaders, contentLocation } from './content-headers.ts';
import type { ServingComponents } from './gateway-components.ts';
import { BODY_PIECE_BYTES } from './gateway-limits.ts';
import { sendRepresentation, type ContentExchange } from './representation.ts';

/** GET|HEAD /ipfs/<cid>?format=raw: one block (trustless gateway specification), for a grant or for free. */
export async function serveRawBlock(
  components: Pick<ServingComponents, 'blocks' | 'contents'>,
  content: ContentExchange,
  cid: CID,
): Promise<void> {
  const wanted = { cid, contentRoot: content.open?.grant.contentRoot };
  const sizeBytes = await locateBlock(components, wanted, content.blocks);
  const text = cid.toString();
  const { blocks, memory } = content;
  const borrow = ofSize((block, span) => blocks.borrow(block, span), {
    blockBytes: sizeBytes,
    otherwise: (block) => blocks.notFound(block),
  });
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
    wholeBlock: { root: cid, block: cid },
    bytes: (span) =>
      spanLength(span) <= BODY_PIECE_BYTES
        ? fewBytes(borrow, cid, span)
        : blockPieces({ borrow, memory }, cid, span),
  });
}
