import type { CID } from 'multiformats/cid';

import { cidOfContentRoot, RAW_CODEC } from '../../../sdk/protocol/content.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import type { BlockChanges } from './block-store-changes.ts';
import { digestOf, type BlockFiles } from './block-store-files.ts';
import type { BlockStoreIndex } from './block-store-index.ts';
import { purgeBlocks } from './block-store-purge.ts';
import type { BlockReading } from './block-store-reading.ts';
import { missingOf } from './block-store-walk.ts';

export interface CompletionParts {
  readonly files: BlockFiles;
  readonly reading: BlockReading;
  readonly changes: BlockChanges;
  /** @throws StorageError STORE_CLOSED */
  readonly index: () => BlockStoreIndex;
}

/** Walks contents, one at a time, to tell what they lack, to declare them complete, and to take them away again. */
export class Completion {
  readonly #parts: CompletionParts;
  #walks: Promise<void> = Promise.resolve();

  constructor(parts: CompletionParts) {
    this.#parts = parts;
  }

  /** Blocks of the content that are not stored, as far as its stored part tells; at most `limit`. */
  async missing(target: ContentTarget, limit: number): Promise<CID[]> {
    return this.#oneWalkAtATime(async () => {
      const missing: CID[] = [];
      for await (const cid of this.#walk(target)) {
        missing.push(cid);
        if (missing.length >= limit) break;
      }
      return missing;
    });
  }

  /**
   * Declares a content complete if every block of its DAG is stored.
   * @throws StorageError CONTENT_INCOMPLETE, DAG_INVALID
   */
  async complete(target: ContentTarget): Promise<void> {
    const { files, changes } = this.#parts;
    await this.#oneWalkAtATime(async () => {
      const index = this.#parts.index();
      for await (const cid of this.#walk(target)) throw contentIncomplete(target, cid);
      await files.syncNames();
      index.atomically(() => index.complete(index.openContent(target)));
    });
    await changes.removeOrphans();
  }

  /**
   * Checks that every inner node is stored; complete with them is a content that lacks no raw leaf either. What a walk misses
   * it has made known as parts of the content.
   * @throws StorageError CONTENT_INCOMPLETE, DAG_INVALID
   */
  async requireSkeleton(target: ContentTarget): Promise<void> {
    const leavesMissing = await this.#oneWalkAtATime(async () => {
      let missing = 0;
      for await (const cid of this.#walk(target)) {
        if (cid.code !== RAW_CODEC) throw contentIncomplete(target, cid);
        missing += 1;
      }
      return missing;
    });
    if (leavesMissing === 0) await this.complete(target);
  }

  /**
   * Removes the blocks of a content, or of what lies below one of its nodes, that no other content needs; the content is
   * incomplete then.
   * @returns how many
   */
  async purge(target: ContentTarget, below?: CID): Promise<number> {
    const { reading, changes } = this.#parts;
    const ports = {
      index: this.#parts.index(),
      read: (cid: CID) => reading.get(digestOf(cid)),
      remove: (digest: string) => changes.remove(digest),
    };
    return this.#oneWalkAtATime(() => purgeBlocks(ports, target, below));
  }

  /** Walks leave marks in the index that a second walk of the same content would mistake for its own. */
  async #oneWalkAtATime<T>(walk: () => Promise<T>): Promise<T> {
    const before = this.#walks;
    let done = (): void => undefined;
    this.#walks = new Promise((resolve) => (done = resolve));
    await before;
    try {
      return await walk();
    } finally {
      done();
    }
  }

  #walk(target: ContentTarget): AsyncGenerator<CID> {
    const { reading } = this.#parts;
    const index = this.#parts.index();
    const content = index.openContent(target);
    index.beginWalk(content);
    return missingOf(cidOfContentRoot(target.root, target.codec), {
      read: (cid) => reading.get(digestOf(cid)),
      has: (cid) => index.bytesOf(digestOf(cid)) !== undefined,
      reach: (cid) => index.reach(content, digestOf(cid)),
    });
  }
}

/** Names the first block that a content lacks. */
export function contentIncomplete(target: ContentTarget, missing: CID): StorageError {
  return new StorageError('CONTENT_INCOMPLETE', 'A block of the content is missing.', {
    values: { root: target.root, missing: missing.toString(), raw: missing.code === RAW_CODEC },
    remedy: 'Send or fetch the missing block; a CAR has to hold every block of its DAG.',
  });
}
