import type { CID } from 'multiformats/cid';

import type { ContentTarget } from '../../core/storage/block-ports.ts';
import type { DigestHex } from './block-store-files.ts';
import type { BlockStoreIndex } from './block-store-index.ts';
import { missingOf } from './block-store-walk.ts';

/** Tags that one content keeps. */
export const MAX_TAGS_OF_CONTENT = 16;
/** Blocks that are named at once while a content is purged. */
const PURGE_BATCH = 256;

export interface PurgePorts {
  readonly index: BlockStoreIndex;
  read(cid: CID): Promise<Uint8Array | undefined>;
  /** Removes a block from memory, index and disk. */
  remove(digest: DigestHex): Promise<void>;
}

/**
 * Removes the blocks of a content that no other content needs; with `below` only those of the DAG that begins there. The
 * walk leaves its marks in the index, so memory does not grow with the content.
 * @returns how many were removed
 */
export async function purgeBlocks(
  ports: PurgePorts,
  target: ContentTarget,
  below: CID | undefined,
): Promise<number> {
  const { index } = ports;
  const content = index.contentId(target.root);
  if (content === undefined) return 0;
  if (below !== undefined) await markBelow(ports, content, below);
  index.markIncomplete(content);
  let removed = 0;
  for (;;) {
    const batch = index.exclusiveBlocks(content, {
      reachedOnly: below !== undefined,
      limit: PURGE_BATCH,
    });
    if (batch.length === 0) return removed;
    for (const { digest } of batch) await ports.remove(digest);
    removed += batch.length;
  }
}

async function markBelow(ports: PurgePorts, content: number, below: CID): Promise<void> {
  const { index } = ports;
  index.beginWalk(content);
  const walk = missingOf(below, {
    read: (cid) => ports.read(cid),
    has: () => true,
    reach: (cid) => {
      const digest = Buffer.from(cid.multihash.digest).toString('hex');
      return index.reach(content, digest);
    },
  });
  // What is missing need not be removed.
  for await (const missing of walk) void missing;
}
