import { decode as decodeDagPb } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import type { ByteRange } from './byte-range.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_FILE_DEPTH } from './gateway-limits.ts';

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
 * exporter's own reader copies each block and reads ahead of its consumer without bound, so only its path
 * resolution is used. Sizes that a node declares are checked against what its children turn out to hold.
 * @throws GatewayError CONTENT_DAMAGED
 */
export async function* readFileRange(
  root: { readonly cid: CID; readonly sizeBytes: number },
  range: ByteRange,
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
  if (cid.code !== DAG_PB_CODEC) add(bytes, bytes.length);
  else {
    const { data, children } = decodeFileNode(cid, bytes);
    if (data !== undefined) add(data, data.length);
    for (const child of children) add(child.cid, child.length);
  }
  if (offset - start !== part.length) {
    throw damaged(cid, 'a part is not as long as declared', {
      declared: part.length,
      actual: offset - start,
    });
  }
  return parts;
}

function decodeFileNode(
  cid: CID,
  bytes: Uint8Array,
): { data: Uint8Array | undefined; children: { cid: CID; length: number }[] } {
  try {
    const { Data, Links } = decodeDagPb(bytes);
    const file = UnixFS.unmarshal(Data ?? new Uint8Array(0));
    if (file.isDirectory() || Links.length !== file.blockSizes.length) {
      throw damaged(cid, 'a node is not part of a file', {});
    }
    const children = Links.map(({ Hash }, i) => ({ cid: Hash, length: Number(file.blockSizes[i] ?? 0n) }));
    return { data: file.data, children };
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError(422, 'CONTENT_DAMAGED', {
      message: 'A node of the file cannot be decoded.',
      values: { cid: cid.toString() },
      remedy: DAMAGED_REMEDY,
      cause,
    });
  }
}

const DAMAGED_REMEDY = 'Use format=raw to fetch its blocks; the publisher has to publish it again.';

function damaged(cid: CID, reason: string, values: Record<string, number>): GatewayError {
  return new GatewayError(422, 'CONTENT_DAMAGED', {
    message: `The content is not a UnixFS file that can be read: ${reason}.`,
    values: { cid: cid.toString(), ...values },
    remedy: DAMAGED_REMEDY,
  });
}
