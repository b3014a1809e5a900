import type { CID } from 'multiformats/cid';

import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';

/** Bytes of a block, both ends included, counted from 0. */
export interface BlockSpan {
  readonly start: number;
  readonly end: number;
}

/** Bytes in a buffer that is used again when nobody holds it any more. */
export interface BlockLoan {
  /** What was asked for. Not to be changed, and not to be looked at after `end`. */
  readonly bytes: Uint8Array;
  /** Size of the whole block. */
  readonly blockBytes: number;
  /** Gives the bytes back; once is enough, and more than once does no harm. */
  end(): void;
}

/** Where bytes to serve come from. Every block that is handed out was verified when it was stored. */
export interface BlockReader {
  /** The block, or undefined when it is not stored. The caller must not change the bytes, and may keep them. */
  get(cid: CID): Promise<Uint8Array | undefined>;
  /**
   * Lends a block, or some of its bytes, to a caller that knows when it has sent them: no new memory for each. A reader
   * without it is asked by `get` (`borrowBlock`).
   * @param span within the block @default all of it
   */
  borrow?(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined>;
  /** Size in bytes without reading the block. */
  sizeOf(cid: CID): Promise<number | undefined>;
}

/** Which blocks form which content. */
export interface ContentIndex {
  /** Whether the block is known to be part of the content. */
  contains(root: ContentRoot, cid: CID): boolean;
  /** Whether every block of the content is stored: only then it is announced. */
  isComplete(root: ContentRoot): boolean;
}

/** A content as the index knows it. */
export interface ContentSummary {
  readonly root: ContentRoot;
  /** multicodec of the root CID. */
  readonly codec: number;
  readonly complete: boolean;
  /** Sum of the sizes of its blocks that are stored. */
  readonly bytes: number;
  readonly blocks: number;
  /** Deals that keep it from being evicted. */
  readonly pinnedBy: readonly DealId[];
}

/** How far the upload of a content came. */
export interface UploadState {
  readonly complete: boolean;
  /** Blocks of it that are stored, and their bytes. */
  readonly blocks: number;
  readonly bytes: number;
  /** Blocks that stored nodes name and that are not stored. 0 and incomplete: the skeleton is still needed. */
  readonly missingBlocks: number;
  /** The first of them, sha2-256 digests in hexadecimal without 0x. */
  readonly missing: readonly string[];
}

/** What became of a slice of a content. */
export interface SliceTaken {
  /** Whether the content is complete now. */
  readonly complete: boolean;
  /** Blocks that were new. */
  readonly storedBlocks: number;
}

/** A content whose blocks are being collected, one by one, in any order. */
export interface ContentTarget {
  readonly root: ContentRoot;
  readonly codec: number;
}
