import type { CID } from 'multiformats/cid';

import type { FetchBlock } from '../../client/file-download.ts';
import { FileWalk } from '../../client/file-walk.ts';
import { RAW_CODEC } from '../../protocol/content.ts';
import { MAX_LAYOUT_LEAVES, MAX_LAYOUT_NODES } from '../player-limits.ts';

/** Where in its file the bytes of a leaf are. */
export interface LeafPlace {
  /** Of the file inside the content; empty for the root itself. */
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Places of leaves by their CID: with them the bytes of any web server that has the file can be verified. */
export type FileLayout = Map<string, LeafPlace>;

/**
 * Reads the inner nodes of a file and notes where each leaf is; of a very large file the first part only.
 * @throws what fetching blocks throws, ClientError DAG_INVALID
 */
export async function readLayout(
  file: { readonly cid: CID; readonly path: string },
  fetchBlock: FetchBlock,
  layout: FileLayout,
): Promise<void> {
  const walk = new FileWalk(file.cid);
  let nodes = 0;
  for (let item = walk.take(); item !== undefined; item = walk.take()) {
    const { cid, offset, fileBytes } = item;
    if (cid.code === RAW_CODEC && fileBytes !== undefined) {
      if (layout.size >= MAX_LAYOUT_LEAVES) return;
      layout.set(cid.toString(), { path: file.path, offset, bytes: fileBytes });
      walk.acceptPresent(item, fileBytes);
      continue;
    }
    if (++nodes > MAX_LAYOUT_NODES) return;
    const block = await fetchBlock(cid, item.blockBytes);
    walk.accept(item, block);
    if (cid.code === RAW_CODEC) layout.set(cid.toString(), { path: file.path, offset, bytes: block.length });
  }
}
