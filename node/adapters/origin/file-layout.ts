import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import { LeafTable } from '../../core/origin/leaf-table.ts';
import { OriginError } from '../../core/origin/origin-error.ts';
import { MAX_FILE_LEAVES, MAX_LAYOUT_DEPTH } from '../../core/origin/origin-limits.ts';
import { decodeUnixfs } from '../http/unixfs-node.ts';

/** A part of the file whose block has not been looked at. */
interface Part {
  readonly cid: CID;
  readonly start: number;
  readonly length: number;
  readonly depth: number;
}

/**
 * Reads from the inner nodes of a file where its leaves lie.
 * @param file.bytes length of the file at its origin
 * @param read gives stored blocks
 * @throws OriginError ORIGIN_LAYOUT_UNKNOWN; GatewayError CONTENT_DAMAGED for a node that cannot be decoded
 */
export async function readFileLayout(
  file: { readonly root: CID; readonly bytes: number },
  read: (cid: CID) => Promise<Uint8Array | undefined>,
): Promise<LeafTable> {
  const table = new LeafTable();
  const waiting: Part[] = [{ cid: file.root, start: 0, length: file.bytes, depth: 0 }];
  let nodes = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part.cid.code !== DAG_PB_CODEC) {
      table.add(part.cid.multihash.digest, part.start, part.length);
      continue;
    }
    nodes += 1;
    if (nodes > MAX_FILE_LEAVES || part.depth > MAX_LAYOUT_DEPTH)
      throw unknown(part.cid, 'it has too many nodes');
    const bytes = await read(part.cid);
    if (bytes === undefined) throw unknown(part.cid, 'an inner node is not stored here');
    // The first part is to be visited first: it goes on top.
    waiting.push(...partsBelow(part, bytes).reverse());
  }
  return table;
}

function partsBelow({ cid, start, length, depth }: Part, bytes: Uint8Array): Part[] {
  const node = decodeUnixfs(cid, bytes);
  if (node.kind !== 'file') throw unknown(cid, 'it is not one file');
  let offset = start + (node.data?.length ?? 0);
  const parts: Part[] = [];
  for (const child of node.children) {
    if (child.length > 0)
      parts.push({ cid: child.cid, start: offset, length: child.length, depth: depth + 1 });
    offset += child.length;
  }
  if (offset - start !== length) throw unknown(cid, 'a part is not as long as declared');
  return parts;
}

function unknown(cid: CID, reason: string): OriginError {
  return new OriginError(
    'ORIGIN_LAYOUT_UNKNOWN',
    `Where the leaves of the file lie is not known: ${reason}.`,
    {
      values: { cid: cid.toString(), reason },
      remedy:
        'The publisher uploads the inner nodes of exactly this file to the node, as publishing from an origin does.',
    },
  );
}
