import { decode as decodeDagPb } from '@ipld/dag-pb';
import type { CID } from 'multiformats/cid';

import { cidOfContentRoot, DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';

/** Inner nodes of one content that are held in memory at once: those of a file of a terabyte. */
const MAX_SKELETON_BYTES = 64 * 2 ** 20;

/** A block that was verified when it was stored. */
export interface SkeletonNode {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/**
 * The inner nodes of a content that are stored, read at once.
 * @returns none where they are more than are held in memory
 */
export async function storedSkeleton(
  { root, codec }: ContentTarget,
  read: (cid: CID) => Promise<Uint8Array | undefined>,
): Promise<readonly SkeletonNode[]> {
  const nodes = new Map<string, SkeletonNode>();
  const waiting: CID[] = [cidOfContentRoot(root, codec)];
  let held = 0;
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    if (cid.code !== DAG_PB_CODEC || nodes.has(cid.toString())) continue;
    const bytes = await read(cid);
    if (bytes === undefined) continue;
    held += bytes.length;
    if (held > MAX_SKELETON_BYTES) return [];
    nodes.set(cid.toString(), { cid, bytes });
    waiting.push(
      ...decodeDagPb(bytes)
        .Links.map(({ Hash }) => Hash)
        .filter(({ code }) => code === DAG_PB_CODEC),
    );
  }
  return [...nodes.values()];
}
