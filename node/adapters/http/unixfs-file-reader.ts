import type { CID } from 'multiformats/cid';

import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import { MAX_FILE_DEPTH } from './gateway-limits.ts';
import { damaged, decodeUnixfs } from './unixfs-node.ts';

/** Reads a block of the file; one that cannot be had is an error. */
export type ReadBlock = (cid: CID) => Promise<Uint8Array>;

/** A part of the file: the bytes of a node, or a child that has not been read. */
interface Part {
  readonly start: number;
  readonly length: number;
  readonly content: Uint8Array | CID;
  readonly depth: number;
}

/**
 * The bytes of a UnixFS file, in order, without copying and with one leaf in memory at a time. The
 * exporter's own reader copies each block and reads ahead of its consumer without bound, so only its way
 * through sharded directories is used. Sizes that a node declares are checked against what its children turn
 * out to hold.
 * @throws GatewayError CONTENT_DAMAGED
 */
export async function* readFileRange(
  root: { readonly cid: CID; readonly sizeBytes: number },
  range: ByteSpan,
  read: ReadBlock,
): AsyncGenerator<Uint8Array> {
  const waiting: Part[] = [{ start: 0, length: root.sizeBytes, content: root.cid, depth: 0 }];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part.start > range.end || part.start + part.length <= range.start) continue;
    if (part.content instanceof Uint8Array) {
      yield part.content.subarray(Math.max(0, range.start - part.start), range.end - part.start + 1);
      continue;
    }
    const parts = partsOf(part.content, await read(part.content), part);
    // The first part is to be read first: it goes on top.
    waiting.push(...parts.reverse());
  }
}

function partsOf(cid: CID, bytes: Uint8Array, part: Part): Part[] {
  const { start, depth } = part;
  if (depth > MAX_FILE_DEPTH) throw damaged(cid, 'it is too deep', { maxDepth: MAX_FILE_DEPTH });
  const parts: Part[] = [];
  let offset = start;
  const add = (content: Uint8Array | CID, length: number): void => {
    if (length > 0) parts.push({ start: offset, length, content, depth: depth + 1 });
    offset += length;
  };
  const node = decodeUnixfs(cid, bytes);
  if (node.kind === 'leaf') add(node.bytes, node.bytes.length);
  else if (node.kind === 'file') {
    if (node.data !== undefined) add(node.data, node.data.length);
    for (const child of node.children) add(child.cid, child.length);
  } else throw damaged(cid, 'a node is not part of a file');
  if (offset - start !== part.length) {
    throw damaged(cid, 'a part is not as long as declared', {
      declared: part.length,
      actual: offset - start,
    });
  }
  return parts;
}
