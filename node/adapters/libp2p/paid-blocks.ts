import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { FillsBlocks } from '../http/fills-blocks.ts';
import { locateBlock, type MissingBlocks } from '../http/block-location.ts';
import type { GatewayComponents } from '../http/gateway-components.ts';
import { blockNotFound } from '../http/request-blocks.ts';

/** Blocks as the holder of a grant may have them. */
export interface PaidBlocks {
  /**
   * Finds a block here or fetches it, and checks that it is part of the content.
   * @returns its size @throws GatewayError BLOCK_NOT_FOUND, GRANT_WRONG_CONTENT, FILLS_BUSY, …
   */
  locate(cid: CID, contentRoot: ContentRoot): Promise<number>;
  /** Reads a block that was located, as fast as the operator allows. @throws GatewayError BLOCK_NOT_FOUND */
  read(cid: CID): Promise<Uint8Array>;
}

/** Blocks by the rules of the gateway: the same store, cap, fill and memory of what nobody has. */
export function paidBlocks(
  components: Pick<GatewayComponents, 'blocks' | 'contents'> & { readonly blockFill: FillsBlocks },
): PaidBlocks {
  const { blocks, blockFill } = components;
  return {
    locate: async (cid, contentRoot) => {
      let absentForMs = 0;
      const missing: MissingBlocks = {
        fill: async (wanted) => {
          const { stored, absentMs } = await blockFill.fill(wanted, contentRoot);
          absentForMs = absentMs;
          return stored;
        },
        notFound: (wanted) => blockNotFound(wanted, absentForMs),
      };
      return await locateBlock(components, { cid, contentRoot }, missing);
    },
    read: async (cid) => {
      const block = await blocks.get(cid);
      if (block === undefined) throw blockNotFound(cid, 0);
      return block;
    },
  };
}
