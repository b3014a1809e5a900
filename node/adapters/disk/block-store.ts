import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CID } from 'multiformats/cid';

import { sha256 } from '../../../sdk/client/node-sha256.ts';
import { verifyBlock } from '../../../sdk/protocol/content.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type {
  BlockLoan,
  BlockReader,
  BlockSpan,
  ContentIndex,
  ContentSummary,
  ContentTarget,
  SliceTaken,
  UploadState,
} from '../../core/storage/block-ports.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { BlockChanges } from './block-store-changes.ts';
import { reconcile, type Reconciliation } from './block-store-check.ts';
import { Completion } from './block-store-completion.ts';
import { BlockFiles, digestOf, type DigestHex } from './block-store-files.ts';
import { BlockStoreIndex } from './block-store-index.ts';
import { MAX_TAGS_OF_CONTENT } from './block-store-purge.ts';
import { BlockReading } from './block-store-reading.ts';
import { StoreRoom } from './block-store-room.ts';
import type { Slice } from './block-store-slices.ts';
import { Uploads, type ImportOptions } from './block-store-uploads.ts';

const MIB = 1024 * 1024;
export interface BlockStoreOptions {
  readonly directory: string;
  /** Hard limit of what blocks may occupy on disk. */
  readonly quotaBytes: number;
  /** Memory for blocks that are asked for often. @default 64 MiB */
  readonly hotBytes?: number;
  /** Room on the file system, for tests of a full disk. @default what the system says */
  readonly freeDiskBytes?: () => Promise<number>;
}

/** What opening found, and what it mended. */
export interface StoreRecovery extends Reconciliation {
  readonly blocks: number;
}

export interface StoreUsage {
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly evictableBytes: number;
  readonly hotBytes: number;
  /** Bytes of the blocks that were stored since it was opened, removed ones too. */
  readonly storedBytes: number;
  readonly blocks: number;
}

/**
 * Verified blocks on disk: one file a block, an index in SQLite, a hard quota, a bounded cache in memory.
 * Nothing is stored whose hash was not checked (DELIVERY.md, content).
 */
export class BlockStore implements BlockReader, ContentIndex {
  readonly #options: BlockStoreOptions;
  readonly #files: BlockFiles;
  readonly #room: StoreRoom;
  readonly #reading: BlockReading;
  readonly #changes: BlockChanges;
  readonly #completion: Completion;
  readonly #uploads: Uploads;
  #onRemoved: (digest: DigestHex) => void = () => undefined;
  #openIndex: BlockStoreIndex | undefined;

  constructor(options: BlockStoreOptions) {
    this.#options = options;
    const files = new BlockFiles(options.directory);
    const room = new StoreRoom({
      quotaBytes: options.quotaBytes,
      freeDiskBytes: options.freeDiskBytes ?? (() => files.freeBytes()),
    });
    const index = (): BlockStoreIndex => this.#index;
    const reading = new BlockReading(
      {
        files,
        indexedBytes: (digest) => this.#index.bytesOf(digest),
        onTorn: (digest) => changes.remove(digest),
      },
      { hotBytes: options.hotBytes ?? 64 * MIB },
    );
    const onRemoved = (digest: DigestHex): void => {
      reading.forget(digest);
      this.#onRemoved(digest);
    };
    const changes = new BlockChanges({ files, room, index, onRemoved });
    this.#files = files;
    this.#room = room;
    this.#reading = reading;
    this.#changes = changes;
    this.#completion = new Completion({ files, reading, changes, index });
    this.#uploads = new Uploads({
      ...{ room, changes, completion: this.#completion, index },
      pin: (target, deal) => {
        this.pin(target, deal);
      },
      deleteContent: (root) => this.deleteContent(root),
    });
  }

  /** Opens index and files and makes them agree. @throws StorageError STORE_VERSION_UNKNOWN, DISK_FAILED */
  async open(): Promise<StoreRecovery> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    await this.#files.prepare();
    const index = new BlockStoreIndex(join(this.#options.directory, 'index.sqlite'));
    this.#openIndex = index;
    const { removedFiles, lostBlocks } = await reconcile(this.#files, index);
    const { blocks, chargedBytes } = index.usage();
    this.#room.begin(chargedBytes);
    this.#changes.offerForEviction(index.blocks());
    return { blocks, removedFiles, lostBlocks };
  }

  async close(): Promise<void> {
    await Promise.all([this.#changes.idle(), this.#reading.idle()]);
    this.#openIndex?.close();
    this.#openIndex = undefined;
    this.#reading.clear();
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid);
    this.#room.evictable.touch(digest);
    return this.#reading.get(digest);
  }

  async borrow(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    const digest = digestOf(cid);
    this.#room.evictable.touch(digest);
    return this.#reading.borrow(digest, span);
  }

  /** Notes that blocks were asked for of those who read beside this process. */
  touch(digests: Iterable<DigestHex>): void {
    for (const digest of digests) this.#room.evictable.touch(digest);
  }

  /** Tells of every block that is removed from now on, for those who keep copies in memory. */
  watchRemovals(onRemoved: (digest: DigestHex) => void): void {
    this.#onRemoved = onRemoved;
  }

  async sizeOf(cid: CID): Promise<number | undefined> {
    return this.#reading.sizeOf(digestOf(cid));
  }

  /** Whether the block is stored, by the index alone. */
  has(cid: CID): boolean {
    return this.#index.bytesOf(digestOf(cid)) !== undefined;
  }

  contains(root: ContentRoot, cid: CID): boolean {
    return this.#index.contains(root, digestOf(cid));
  }

  isComplete(root: ContentRoot): boolean {
    return this.#index.isComplete(root);
  }

  /** All contents, those that are still incomplete too. */
  contents(): ContentSummary[] {
    return this.#index.contents();
  }

  /** Complete contents, the newest first, at most `limit`: cheap enough to ask every second. */
  completeRoots(limit: number): ContentRoot[] {
    return this.#index.completeRoots(limit);
  }

  usage(): StoreUsage {
    return {
      quotaBytes: this.#room.quota.limitBytes,
      usedBytes: this.#room.quota.usedBytes,
      freeBytes: this.#room.quota.freeBytes,
      evictableBytes: this.#room.evictable.bytes,
      hotBytes: this.#reading.hotBytes,
      storedBytes: this.#changes.storedBytes,
      blocks: this.#index.usage().blocks,
    };
  }

  /**
   * Verifies and stores one block of a content, in any order. Evicts unpinned blocks if room is needed.
   * @throws ProtocolError BLOCK_HASH_MISMATCH, BLOCK_TOO_LARGE
   * @throws StorageError QUOTA_EXCEEDED, DISK_FULL, DISK_FAILED
   */
  async put(target: ContentTarget, cid: CID, bytes: Uint8Array): Promise<void> {
    await verifyBlock(cid, bytes, sha256);
    await this.#changes.store(this.#index.openContent(target), digestOf(cid), bytes);
  }

  /** Blocks of the content that are not stored, as far as its stored part tells; at most `limit`. */
  async missing(target: ContentTarget, limit: number): Promise<CID[]> {
    return this.#completion.missing(target, limit);
  }

  /**
   * Declares a content complete if every block of its DAG is stored.
   * @throws StorageError CONTENT_INCOMPLETE, DAG_INVALID
   */
  async complete(target: ContentTarget): Promise<void> {
    await this.#completion.complete(target);
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
    return this.#uploads.importCar(root, stream, options);
  }

  /**
   * Takes some blocks of a content whose inner nodes are stored, and declares it complete with the last one.
   * @throws StorageError CAR_*, BLOCK_NOT_NAMED, QUOTA_EXCEEDED, DISK_FULL
   * @throws ProtocolError BLOCK_HASH_MISMATCH, BLOCK_TOO_LARGE
   */
  async takeSlice(slice: Slice): Promise<SliceTaken> {
    return this.#uploads.takeSlice(slice);
  }

  /** How far the upload of a content came, naming at most `limit` of the blocks that it lacks. */
  uploadState(root: ContentRoot, limit: number): UploadState {
    return this.#uploads.state(root, limit);
  }

  /** Checks before a byte arrives whether a content of this size can be stored. @throws StorageError QUOTA_EXCEEDED, DISK_FULL */
  async requireRoom(bytes: number): Promise<void> {
    await this.#room.require(bytes);
  }

  /** Keeps a content from being evicted as long as the deal wants it. */
  pin(target: ContentTarget, deal: DealId): void {
    const content = this.#index.openContent(target);
    this.#index.pin(content, deal);
    for (const { digest } of this.#index.blocksOf(content)) this.#room.evictable.remove(digest);
  }

  /** Ends a pin: when it was the last one the content may be evicted, block by block. */
  unpin(root: ContentRoot, deal: DealId): void {
    const content = this.#index.contentId(root);
    if (content === undefined) return;
    this.#index.unpin(content, deal);
    this.#changes.offerForEviction(this.#index.blocksOf(content));
  }

  /** Forgets a content and removes the blocks that no other content needs. */
  async deleteContent(root: ContentRoot): Promise<void> {
    const content = this.#index.contentId(root);
    if (content === undefined) return;
    this.#index.atomically(() => this.#index.dropContent(content));
    await this.#changes.removeOrphans();
  }

  /**
   * Looks at blocks that may be damaged and drops those that are: their contents are incomplete then, and filled again.
   * @returns those that were dropped
   */
  async dropDamaged(digests: readonly DigestHex[]): Promise<DigestHex[]> {
    return this.#changes.dropDamaged(digests);
  }

  /**
   * Removes the blocks of a content, or of what lies below one of its nodes, that no other content needs; the content is
   * incomplete then.
   * @returns how many
   */
  async purge(target: ContentTarget, below?: CID): Promise<number> {
    return this.#completion.purge(target, below);
  }

  /** Gives a content tags; beyond 16 they are left out. */
  tag(target: ContentTarget, tags: readonly string[]): void {
    const content = this.#index.openContent(target);
    for (const tag of tags) this.#index.tag(content, tag, MAX_TAGS_OF_CONTENT);
  }

  /** Contents with a tag. */
  tagged(tag: string): ContentRoot[] {
    return this.#index.tagged(tag);
  }

  /** Contents that a block is part of, stored or not. */
  contentsWith(cid: CID): ContentRoot[] {
    return this.#index.rootsOf(digestOf(cid));
  }

  get #index(): BlockStoreIndex {
    if (this.#openIndex !== undefined) return this.#openIndex;
    throw new StorageError('STORE_CLOSED', 'The block store is not open.', {
      remedy: 'The node is starting or stopping: try again in a moment.',
    });
  }
}
