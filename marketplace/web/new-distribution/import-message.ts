import { CID } from 'multiformats/cid';

import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import { digestOf, type PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { SeenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import type { ShownFailure } from './progress.ts';

/** From the page to the worker: the files to read, or the address of one. */
export type ImportRequest = { readonly files: readonly PickedFile[] } | { readonly originUrl: string };

/** A content as it crosses from the worker: CIDs in their binary form. */
export interface ContentMessage {
  readonly root: Uint8Array;
  readonly bytes: number;
  readonly carBytes: number;
  readonly skeleton: readonly { readonly cid: Uint8Array; readonly bytes: Uint8Array }[];
  readonly leaves: readonly {
    readonly cid: Uint8Array;
    readonly file: number;
    readonly offset: number;
    readonly bytes: number;
  }[];
}

export type ImportAnswer =
  /** `total` is 0 where nobody knows. */
  | { readonly type: 'progress'; readonly read: number; readonly total: number }
  | {
      readonly type: 'content';
      readonly content: ContentMessage;
      readonly origin: SeenOrigin | undefined;
    }
  | { readonly type: 'failed'; readonly failure: ShownFailure };

export function contentMessage(content: PlannedContent): ContentMessage {
  const { root, bytes, carBytes, skeleton, leaves } = content;
  return {
    ...{ root: root.bytes, bytes, carBytes },
    skeleton: [...skeleton.values()].map((block) => ({ cid: block.cid.bytes, bytes: block.bytes })),
    leaves: [...leaves.values()].map((leaf) => ({ ...leaf, cid: leaf.cid.bytes })),
  };
}

export function contentOfMessage(message: ContentMessage): PlannedContent {
  const { root, bytes, carBytes } = message;
  const skeleton = message.skeleton.map((block) => ({ cid: CID.decode(block.cid), bytes: block.bytes }));
  const leaves = message.leaves.map((leaf) => ({ ...leaf, cid: CID.decode(leaf.cid) }));
  return {
    ...{ root: CID.decode(root), bytes, carBytes },
    skeleton: new Map(skeleton.map((block) => [digestOf(block.cid), block])),
    leaves: new Map(leaves.map((leaf) => [digestOf(leaf.cid), leaf])),
  };
}
