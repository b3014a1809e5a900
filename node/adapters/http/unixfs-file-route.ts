import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import { contentTypeOf } from '../../../sdk/protocol/media-type.ts';
import { spanLength } from '../../core/http-semantics/byte-ranges.ts';
import { parseQuery } from '../../core/http-semantics/query.ts';
import { contentDisposition } from '../../core/http-semantics/response-fields.ts';
import { blockPieces, fewBytes, ofSize, type BorrowBlock, type ReadBlock } from './block-pieces.ts';
import { contentHeaders } from './content-headers.ts';
import { BODY_PIECE_BYTES } from './gateway-limits.ts';
import type { Entity } from './path-resolution.ts';
import { sendRepresentation, type ContentExchange } from './representation.ts';
import { readFileRange } from './unixfs-file-reader.ts';

/** A file as a path names it. */
export interface NamedFile {
  readonly root: CID;
  readonly entity: Entity;
  /** Last name of the path, by which the media type is chosen; undefined for a bare CID. */
  readonly name: string | undefined;
}

/** GET|HEAD /ipfs/<cid>[/path]: bytes of a UnixFS file, whole or in ranges. */
export async function serveFile(content: ContentExchange, file: NamedFile): Promise<void> {
  const { entity, root } = file;
  const { cid, sizeBytes } = entity;
  const { exchange, blocks, memory, layouts } = content;
  const read: ReadBlock = (block) => blocks.get(block);
  const borrow: BorrowBlock = (block, span) => blocks.borrow(block, span);
  const source = { read, borrow, memory, layouts };
  const { fileName, disposition } = presentation(exchange.query, file.name);
  await sendRepresentation(content, {
    cid: cid.toString(),
    etag: `"${cid.toString()}"`,
    sizeBytes,
    contentType: contentTypeOf(fileName),
    headers: {
      ...contentHeaders(exchange, root),
      ...(disposition === undefined ? {} : { 'content-disposition': disposition }),
    },
    wholeBlock: cid.code === DAG_PB_CODEC ? undefined : { root, block: cid },
    bytes: (span) => {
      if (cid.code === DAG_PB_CODEC) return readFileRange(entity, span, source);
      const whole = ofSize(borrow, { blockBytes: sizeBytes, otherwise: (block) => blocks.notFound(block) });
      return spanLength(span) <= BODY_PIECE_BYTES
        ? fewBytes(whole, cid, span)
        : blockPieces({ borrow: whole, memory }, cid, span);
    },
  });
}

/** What `filename` and `download` ask for (path gateway specification). */
function presentation(
  query: string,
  name: string | undefined,
): { fileName: string | undefined; disposition: string | undefined } {
  if (query === '') return { fileName: name, disposition: undefined };
  const asked = parseQuery(query);
  const fileName = asked.get('filename') ?? name;
  const download = asked.get('download') === 'true';
  if (!download && asked.get('filename') === undefined) return { fileName, disposition: undefined };
  return { fileName, disposition: contentDisposition(download ? 'attachment' : 'inline', fileName ?? '') };
}
