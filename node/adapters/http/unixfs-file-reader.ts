import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import { blockPieces, type BlockSource } from './block-pieces.ts';
import { MAX_FILE_DEPTH } from './gateway-limits.ts';
import { damaged, decodeUnixfs } from './unixfs-node.ts';

/** A part of the file: bytes that a node carries, or a child that has not been read. */
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
  source: BlockSource,
): AsyncGenerator<Uint8Array> {
  const waiting: Part[] = [{ start: 0, length: root.sizeBytes, content: root.cid, depth: 0 }];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { start, length, content } = part;
    if (start > range.end || start + length <= range.start) continue;
    const span = {
      start: Math.max(0, range.start - start),
      end: Math.min(length, range.end + 1 - start) - 1,
    };
    if (content instanceof Uint8Array) {
      source.memory.hold(content);
      try {
        yield content.subarray(span.start, span.end + 1);
      } finally {
        source.memory.release(content);
      }
    } else if (content.code !== DAG_PB_CODEC) {
      yield* blockPieces({ ...source, read: (cid) => readLeaf(source, cid, length) }, content, span);
    } else {
      // The first part is to be read first: it goes on top.
      waiting.push(...partsOf(content, await source.read(content), part).reverse());
    }
  }
}

async function readLeaf(source: BlockSource, cid: CID, declared: number): Promise<Uint8Array> {
  const bytes = await source.read(cid);
  if (bytes.length !== declared) throw notAsDeclared(cid, declared, bytes.length);
  return bytes;
}

function partsOf(cid: CID, bytes: Uint8Array, { start, length, depth }: Part): Part[] {
  if (depth > MAX_FILE_DEPTH) throw damaged(cid, 'it is too deep', { maxDepth: MAX_FILE_DEPTH });
  const node = decodeUnixfs(cid, bytes);
  if (node.kind !== 'file') throw damaged(cid, 'a node is not part of a file');
  const parts: Part[] = [];
  let offset = start;
  const add = (content: Uint8Array | CID, partLength: number): void => {
    if (partLength > 0) parts.push({ start: offset, length: partLength, content, depth: depth + 1 });
    offset += partLength;
  };
  if (node.data !== undefined) add(node.data, node.data.length);
  for (const child of node.children) add(child.cid, child.length);
  if (offset - start !== length) throw notAsDeclared(cid, length, offset - start);
  return parts;
}

function notAsDeclared(cid: CID, declared: number, actual: number): ReturnType<typeof damaged> {
  return damaged(cid, 'a part is not as long as declared', { declared, actual });
}
