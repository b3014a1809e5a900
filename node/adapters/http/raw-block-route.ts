import type { CID } from 'multiformats/cid';

import { spanLength } from '../../core/http-semantics/byte-ranges.ts';
import { RAW_TYPE } from '../../core/http-semantics/content-form.ts';
import { locateBlock } from './block-location.ts';
import { blockPieces, fewBytes } from './block-pieces.ts';
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
    wholeBlock: { root: cid, block: cid },
    bytes: (span) =>
      spanLength(span) <= BODY_PIECE_BYTES
        ? fewBytes(read, cid, span)
        : blockPieces({ read, memory }, cid, span),
  });
}
