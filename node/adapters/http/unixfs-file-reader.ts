import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import { blockPieces, ofSize, type BlockSource, type ReadBlock } from './block-pieces.ts';
import type { FileLayouts } from './file-layouts.ts';
import { MAX_FILE_DEPTH } from './gateway-limits.ts';
import { damaged } from './unixfs-node.ts';

/** Where the blocks of a file come from. */
export interface FileSource extends BlockSource {
  readonly layouts: FileLayouts;
  /** Reads a node, whose bytes are kept with what it says. */
  readonly read: ReadBlock;
}

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
  source: FileSource,
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
      const borrow = ofSize(source.borrow, {
        blockBytes: length,
        otherwise: (cid, actual) => notAsDeclared(cid, length, actual),
      });
      yield* blockPieces({ ...source, borrow }, content, span);
    } else {
      // The first part is to be read first: it goes on top.
      waiting.push(...(await partsWithin(content, part, { range, source })));
    }
  }
}

/** The parts of a node that the range needs, the last one first. */
async function partsWithin(
  cid: CID,
  { start, length, depth }: Part,
  { range, source }: { range: ByteSpan; source: FileSource },
): Promise<Part[]> {
  if (depth > MAX_FILE_DEPTH) throw damaged(cid, 'it is too deep', { maxDepth: MAX_FILE_DEPTH });
  const layout = await source.layouts.of(cid, source.read);
  if (layout.length !== length) throw notAsDeclared(cid, length, layout.length);
  const parts: Part[] = [];
  for (const part of layout.parts) {
    const at = start + part.offset;
    if (at > range.end) break;
    if (at + part.length <= range.start) continue;
    parts.push({ start: at, length: part.length, content: part.content, depth: depth + 1 });
  }
  return parts.reverse();
}

function notAsDeclared(cid: CID, declared: number, actual: number): ReturnType<typeof damaged> {
  return damaged(cid, 'a part is not as long as declared', { declared, actual });
}
