import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { MAX_LAID_OUT_CHILDREN } from './gateway-limits.ts';
import { damaged, decodeUnixfs } from './unixfs-node.ts';

/** Bytes that a node carries, or a child of it, and where they lie within the node. */
export interface LaidOutPart {
  readonly offset: number;
  readonly length: number;
  readonly content: Uint8Array | CID;
}

/** What a node of a file says about its bytes. */
export interface NodeLayout {
  readonly parts: readonly LaidOutPart[];
  readonly length: number;
}

/**
 * Where the bytes of a file lie in the blocks below one of its nodes. It is remembered: ranges of a file are asked for
 * one after the other, and decoding a node costs more than sending one. Nodes that carry bytes themselves are not.
 */
export class FileLayouts {
  readonly #known = new LRUCache<string, NodeLayout>({
    maxSize: MAX_LAID_OUT_CHILDREN,
    sizeCalculation: ({ parts }) => Math.max(1, parts.length),
  });

  /** @throws GatewayError CONTENT_DAMAGED, and what reading throws */
  async of(cid: CID, read: (cid: CID) => Promise<Uint8Array>): Promise<NodeLayout> {
    const key = cid.toString();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const layout = layoutOf(cid, await read(cid));
    if (layout.parts.every(({ content }) => !(content instanceof Uint8Array))) this.#known.set(key, layout);
    return layout;
  }
}

function layoutOf(cid: CID, bytes: Uint8Array): NodeLayout {
  const node = decodeUnixfs(cid, bytes);
  if (node.kind !== 'file') throw damaged(cid, 'a node is not part of a file');
  const parts: LaidOutPart[] = [];
  let offset = 0;
  const add = (content: Uint8Array | CID, length: number): void => {
    if (length > 0) parts.push({ offset, length, content });
    offset += length;
  };
  if (node.data !== undefined) add(node.data, node.data.length);
  for (const child of node.children) add(child.cid, child.length);
  return { parts, length: offset };
}
