import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { UploadPart } from '../../../sdk/protocol/http.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type {
  ContentSummary,
  ContentTarget,
  SliceTaken,
  UploadState,
} from '../../core/storage/block-ports.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { CarReader } from './block-store-car.ts';
import type { BlockChanges } from './block-store-changes.ts';
import { contentIncomplete, type Completion } from './block-store-completion.ts';
import { digestOf } from './block-store-files.ts';
import { storeCar } from './block-store-import.ts';
import type { BlockStoreIndex } from './block-store-index.ts';
import type { StoreRoom } from './block-store-room.ts';
import { SliceIntake, type Slice } from './block-store-slices.ts';

export interface ImportOptions {
  /** Keeps the content from being evicted. */
  readonly pinFor?: DealId;
  /** Bytes of the CAR that are taken at most. */
  readonly maxBytes: number;
  /** `skeleton`: inner nodes only; the raw leaves come from elsewhere. @default whole */
  readonly part?: UploadPart | undefined;
}

export interface UploadsParts {
  readonly room: StoreRoom;
  readonly changes: BlockChanges;
  readonly completion: Completion;
  /** @throws StorageError STORE_CLOSED */
  readonly index: () => BlockStoreIndex;
  readonly pin: (target: ContentTarget, deal: DealId) => void;
  readonly deleteContent: (root: ContentRoot) => Promise<void>;
}

/** How contents come in from their publishers: as a whole CAR, as a skeleton, or slice by slice. */
export class Uploads {
  readonly #parts: UploadsParts;
  readonly #slices = new SliceIntake();

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /**
   * Takes a CARv1 stream and announces the content only when all its blocks are there and form the DAG of
   * the root. Blocks that belong to no part of it are not kept. After a failure nothing is kept.
   * @throws StorageError CAR_*, CONTENT_INCOMPLETE, DAG_INVALID, QUOTA_EXCEEDED, DISK_FULL
   * @throws ProtocolError BLOCK_HASH_MISMATCH, BLOCK_TOO_LARGE
   */
  async importCar(
    root: CID,
    stream: AsyncIterable<Uint8Array>,
    options: ImportOptions,
  ): Promise<ContentSummary> {
    const target: ContentTarget = { root: contentRootOf(root), codec: root.code };
    if (!this.#index.isComplete(target.root)) await this.#collect(target, stream, options);
    if (options.pinFor !== undefined) this.#parts.pin(target, options.pinFor);
    const summary = this.#index.contents().find((content) => content.root === target.root);
    if (summary === undefined) throw contentIncomplete(target, root);
    return summary;
  }

  /**
   * Takes some blocks of a content whose inner nodes are stored, and declares it complete with the last one.
   * @throws StorageError CAR_*, BLOCK_NOT_NAMED, QUOTA_EXCEEDED, DISK_FULL
   * @throws ProtocolError BLOCK_HASH_MISMATCH, BLOCK_TOO_LARGE
   */
  async takeSlice(slice: Slice): Promise<SliceTaken> {
    const { room, changes, completion } = this.#parts;
    const { target } = slice;
    if (this.#index.isComplete(target.root)) return { complete: true, storedBlocks: 0 };
    await room.require(slice.sliceBytes);
    const content = this.#index.openContent(target);
    const ports = { index: this.#index, store: changes.store.bind(changes) };
    const { storedBlocks } = await this.#slices.take(ports, slice);
    if (this.#index.missingOf(content, 1).length > 0) return { complete: false, storedBlocks };
    this.#slices.forget(content);
    const complete = await completion.complete(target).then(
      () => true,
      (error: unknown) => {
        // An inner node is missing: the publisher sends the skeleton again.
        if (error instanceof StorageError && error.code === 'CONTENT_INCOMPLETE') return false;
        throw error;
      },
    );
    return { complete, storedBlocks };
  }

  /** How far the upload of a content came, naming at most `limit` of the blocks that it lacks. */
  state(root: ContentRoot, limit: number): UploadState {
    const content = this.#index.contentId(root);
    if (content === undefined) {
      return { complete: false, blocks: 0, bytes: 0, missingBlocks: 0, missing: [] };
    }
    const complete = this.#index.isComplete(root);
    const stored = this.#index.storedOf(content);
    if (complete) return { complete, ...stored, missingBlocks: 0, missing: [] };
    const missing = this.#index.missingOf(content, limit);
    const missingBlocks = missing.length < limit ? missing.length : this.#index.missingCount(content);
    return { complete, ...stored, missingBlocks, missing };
  }

  get #index(): BlockStoreIndex {
    return this.#parts.index();
  }

  async #collect(
    target: ContentTarget,
    stream: AsyncIterable<Uint8Array>,
    options: ImportOptions,
  ): Promise<void> {
    const { room, changes, completion } = this.#parts;
    await room.require(options.maxBytes);
    const content = this.#index.openContent(target);
    changes.beginCollecting(content);
    try {
      const reader = new CarReader(stream, { maxBytes: options.maxBytes });
      await storeCar(reader, target, (cid, bytes) => changes.store(content, digestOf(cid), bytes));
      if (options.part === 'skeleton') await completion.requireSkeleton(target);
      else await completion.complete(target);
    } catch (error) {
      if (changes.isCollectedAlone(content)) await this.#dropUnlessWanted(target.root);
      throw error;
    } finally {
      changes.endCollecting(content);
      if (options.pinFor === undefined) changes.offerForEviction(this.#index.blocksOf(content));
    }
  }

  /** What a deal pins was there before, at least in part, and is filled from elsewhere. */
  async #dropUnlessWanted(root: ContentRoot): Promise<void> {
    const isPinned = this.#index
      .contents()
      .some((content) => content.root === root && content.pinnedBy.length > 0);
    if (!isPinned && !this.#index.isComplete(root)) await this.#parts.deleteContent(root);
  }
}
