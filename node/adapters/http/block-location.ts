import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { ContentIndex } from '../../core/storage/block-ports.ts';
import type { ServingComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';

/** Which block, and as part of what: `contentRoot` is that of the grant, undefined for a client without one. */
export interface WantedBlock {
  readonly cid: CID;
  readonly contentRoot: ContentRoot | undefined;
}

/** What is done about a block that is not stored. */
export interface MissingBlocks {
  /** Fetches it from elsewhere; answers whether it is stored now. @throws GatewayError FILLS_BUSY, SEARCHES_EXHAUSTED */
  fill(cid: CID): Promise<boolean>;
  /** That it could not be had. */
  notFound(cid: CID): GatewayError;
}

/**
 * Finds the block here or fetches it, and checks that the grant is for its content.
 * @returns its size @throws GatewayError GRANT_WRONG_CONTENT, BLOCK_NOT_FOUND, and what filling throws
 */
export async function locateBlock(
  { blocks, contents }: Pick<ServingComponents, 'blocks' | 'contents'>,
  { cid, contentRoot: root }: WantedBlock,
  missing: MissingBlocks,
): Promise<number> {
  if (root !== undefined && !isPart(contents, root, cid) && contents.isComplete(root)) {
    throw wrongContent(cid, root);
  }
  const stored = await blocks.sizeOf(cid);
  if (stored !== undefined && (root === undefined || isPart(contents, root, cid))) return stored;
  const filled = (await missing.fill(cid)) ? await blocks.sizeOf(cid) : undefined;
  if (filled === undefined) throw missing.notFound(cid);
  if (root !== undefined && !isPart(contents, root, cid)) throw wrongContent(cid, root);
  return filled;
}

/** Whether a block belongs to a content, as far as this node knows. */
export function isPart(contents: Pick<ContentIndex, 'contains'>, root: ContentRoot, cid: CID): boolean {
  return contentRootOf(cid) === root || contents.contains(root, cid);
}

function wrongContent(cid: CID, root: ContentRoot): GatewayError {
  return new GatewayError(403, 'GRANT_WRONG_CONTENT', {
    message: 'The block is not part of the content that the grant is for.',
    values: { cid: cid.toString(), contentRoot: root },
    remedy: 'Ask the coordinator for a grant of the deal that this block belongs to.',
  });
}
