import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';

/** What became of a missing block. */
export interface FillOutcome {
  /** Whether the block is stored now. */
  readonly stored: boolean;
  /** Whether another request was fetching it already. */
  readonly collapsed: boolean;
  /** For so long nobody is asked, because nobody had it a moment ago; 0 when somebody was asked now. */
  readonly absentMs: number;
}

/** Gets missing blocks from elsewhere. */
export interface FillsBlocks {
  /** @throws GatewayError FILLS_BUSY, SEARCHES_EXHAUSTED */
  fill(cid: CID, contentRoot: ContentRoot | undefined): Promise<FillOutcome>;
}
