import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CID } from 'multiformats/cid';

import { sha256 } from '../../../sdk/client/node-sha256.ts';
import { cidOfContentRoot, contentRootOf, RAW_CODEC, verifyBlock } from '../../../sdk/protocol/content.ts';
import type { UploadPart } from '../../../sdk/protocol/http.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type {
  BlockReader,
  ContentIndex,
  ContentSummary,
  ContentTarget,
  SliceTaken,
  UploadState,
} from '../../core/storage/block-ports.ts';
import { HotBlocks } from '../../core/storage/hot-blocks.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { chargedBytes } from '../../core/storage/storage-quota.ts';
import { damageOf } from './block-store-audit.ts';
import { CarReader } from './block-store-car.ts';
import { reconcile, type Reconciliation } from './block-store-check.ts';
import { BlockFiles, digestOf, type DigestHex } from './block-store-files.ts';
import { BlockStoreIndex, type IndexedBlock } from './block-store-index.ts';
import { storeCar } from './block-store-import.ts';
import { MAX_TAGS_OF_CONTENT, purgeBlocks } from './block-store-purge.ts';
import { StoreRoom } from './block-store-room.ts';
import { SliceIntake, type Slice } from './block-store-slices.ts';
import { missingOf } from './block-store-walk.ts';
import { BlockTurns } from './block-turns.ts';
import { OneReading } from './one-reading.ts';

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

export interface ImportOptions {
  /** Keeps the content from being evicted. */
  readonly pinFor?: DealId;
  /** Bytes of the CAR that are taken at most. */
  readonly maxBytes: number;
  /** `skeleton`: inner nodes only; the raw leaves come from elsewhere. @default whole */
  readonly part?: UploadPart | undefined;
}

/**
 * Verified blocks on disk: one file a block, an index in SQLite, a hard quota, a bounded cache in memory.
 * Nothing is stored whose hash was not checked (DELIVERY.md, content).
 */
export class BlockStore implements BlockReader, ContentIndex {
  readonly #options: BlockStoreOptions;
  readonly #files: BlockFiles;
  readonly #hot: HotBlocks;
  readonly #room: StoreRoom;
  /** Contents being collected now: their blocks are not evicted although nothing pins them yet. */
  readonly #collecting = new Map<number, number>();
  readonly #slices = new SliceIntake();
  readonly #turns = new BlockTurns();
  readonly #reading = new OneReading<DigestHex, Uint8Array | undefined>();
  #onRemoved: (digest: DigestHex) => void = () => undefined;
  #walks: Promise<void> = Promise.resolve();
  #openIndex: BlockStoreIndex | undefined;
  #storedBytes = 0;

  constructor(options: BlockStoreOptions) {
    this.#options = options;
    this.#files = new BlockFiles(options.directory);
    this.#room = new StoreRoom({
      quotaBytes: options.quotaBytes,
      freeDiskBytes: options.freeDiskBytes ?? (() => this.#files.freeBytes()),
    });
    this.#hot = new HotBlocks({ limitBytes: options.hotBytes ?? 64 * MIB });
  }

  /** Opens index and files and makes them agree. @throws StorageError STORE_VERSION_UNKNOWN, DISK_FAILED */
  async open(): Promise<StoreRecovery> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    await this.#files.prepare();
    const index = new BlockStoreIndex(join(this.#options.directory, 'index.sqlite'));
    this.#openIndex = index;
    const { removedFiles, lostBlocks } = await reconcile(this.#files, index);
    const { blocks, chargedBytes: usedBytes } = index.usage();
    this.#room.begin(usedBytes);
    for (const { digest, bytes } of index.blocks()) {
      if (!index.isPinned(digest)) this.#room.evictable.insert(digest, chargedBytes(bytes));
    }
    return { blocks, removedFiles, lostBlocks };
  }

  async close(): Promise<void> {
    await Promise.all([this.#turns.idle(), this.#reading.idle()]);
    this.#openIndex?.close();
    this.#openIndex = undefined;
    this.#hot.clear();
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid);
    const hot = this.#hot.get(digest);
    this.#room.evictable.touch(digest);
    return hot ?? this.#readOnce(digest);
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
    const digest = digestOf(cid);
    return this.#hot.peek(digest)?.length ?? this.#index.bytesOf(digest);
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
      hotBytes: this.#hot.bytes,
      storedBytes: this.#storedBytes,
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
    await this.#store(this.#index.openContent(target), digestOf(cid), bytes);
  }

  /** Blocks of the content that are not stored, as far as its stored part tells; at most `limit`. */
  async missing(target: ContentTarget, limit: number): Promise<CID[]> {
    return this.#oneWalkAtATime(async () => {
      const content = this.#index.openContent(target);
      const missing: CID[] = [];
      for await (const cid of this.#walk(content, target)) {
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
    await this.#oneWalkAtATime(async () => {
      const content = this.#index.openContent(target);
      for await (const cid of this.#walk(content, target)) throw contentIncomplete(target, cid);
      await this.#files.syncNames();
      this.#index.atomically(() => this.#index.complete(content));
    });
    await this.#removeOrphans();
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
    if (options.pinFor !== undefined) this.pin(target, options.pinFor);
    const summary = this.contents().find((content) => content.root === target.root);
    if (summary === undefined) throw contentIncomplete(target, root);
    return summary;
  }

  /**
   * Takes some blocks of a content whose inner nodes are stored, and declares it complete with the last one.
   * @throws StorageError CAR_*, BLOCK_NOT_NAMED, QUOTA_EXCEEDED, DISK_FULL
   * @throws ProtocolError BLOCK_HASH_MISMATCH, BLOCK_TOO_LARGE
   */
  async takeSlice(slice: Slice): Promise<SliceTaken> {
    const { target } = slice;
    if (this.#index.isComplete(target.root)) return { complete: true, storedBlocks: 0 };
    await this.requireRoom(slice.sliceBytes);
    const content = this.#index.openContent(target);
    const { storedBlocks } = await this.#slices.take(
      { index: this.#index, store: (...block) => this.#store(...block) },
      slice,
    );
    if (this.#index.missingOf(content, 1).length > 0) return { complete: false, storedBlocks };
    this.#slices.forget(content);
    const complete = await this.complete(target).then(
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
  uploadState(root: ContentRoot, limit: number): UploadState {
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
    this.#offerForEviction(this.#index.blocksOf(content));
  }

  /** Forgets a content and removes the blocks that no other content needs. */
  async deleteContent(root: ContentRoot): Promise<void> {
    const content = this.#index.contentId(root);
    if (content === undefined) return;
    this.#index.atomically(() => this.#index.dropContent(content));
    await this.#removeOrphans();
  }

  /**
   * Looks at blocks that may be damaged and drops those that are: their contents are incomplete then, and filled again.
   * @returns those that were dropped
   */
  async dropDamaged(digests: readonly DigestHex[]): Promise<DigestHex[]> {
    const dropped: DigestHex[] = [];
    for (const digest of digests) {
      await this.#turns.settled(digest);
      const damage = await damageOf(this.#files, digest, this.#index.bytesOf(digest));
      if (damage === undefined || this.#turns.isTaken(digest)) continue;
      if (damage === 'unindexed') await this.#turns.take(digest, this.#files.remove(digest));
      else await this.#remove(digest);
      dropped.push(digest);
    }
    return dropped;
  }

  /**
   * Removes the blocks of a content, or of what lies below one of its nodes, that no other content needs; the content is
   * incomplete then.
   * @returns how many
   */
  async purge(target: ContentTarget, below?: CID): Promise<number> {
    const remove = (digest: DigestHex): Promise<void> => this.#remove(digest);
    const ports = { index: this.#index, read: (cid: CID) => this.#readOnce(digestOf(cid)), remove };
    return this.#oneWalkAtATime(() => purgeBlocks(ports, target, below));
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

  #walk(content: number, target: ContentTarget): AsyncGenerator<CID> {
    this.#index.beginWalk(content);
    return missingOf(cidOfContentRoot(target.root, target.codec), {
      read: (cid) => this.#readOnce(digestOf(cid)),
      has: (cid) => this.#index.bytesOf(digestOf(cid)) !== undefined,
      reach: (cid) => this.#index.reach(content, digestOf(cid)),
    });
  }

  async #collect(
    target: ContentTarget,
    stream: AsyncIterable<Uint8Array>,
    options: ImportOptions,
  ): Promise<void> {
    await this.requireRoom(options.maxBytes);
    const content = this.#index.openContent(target);
    this.#collecting.set(content, (this.#collecting.get(content) ?? 0) + 1);
    try {
      const reader = new CarReader(stream, { maxBytes: options.maxBytes });
      await storeCar(reader, target, (cid, bytes) => this.#store(content, digestOf(cid), bytes));
      if (options.part === 'skeleton') await this.#requireSkeleton(target);
      else await this.complete(target);
    } catch (error) {
      const alone = this.#collecting.get(content) === 1;
      // What a deal pins was there before, at least in part, and is filled from elsewhere.
      const pinned = this.contents().some(
        ({ root, pinnedBy }) => root === target.root && pinnedBy.length > 0,
      );
      if (alone && !pinned && !this.#index.isComplete(target.root)) await this.deleteContent(target.root);
      throw error;
    } finally {
      const others = (this.#collecting.get(content) ?? 1) - 1;
      if (others === 0) this.#collecting.delete(content);
      else this.#collecting.set(content, others);
      if (options.pinFor === undefined) this.#offerForEviction(this.#index.blocksOf(content));
    }
  }

  /** What a walk misses are raw leaves, which it has made known as parts of the content. @throws StorageError CONTENT_INCOMPLETE */
  async #requireSkeleton(target: ContentTarget): Promise<void> {
    const leavesMissing = await this.#oneWalkAtATime(async () => {
      let missing = 0;
      for await (const cid of this.#walk(this.#index.openContent(target), target)) {
        if (cid.code !== RAW_CODEC) throw contentIncomplete(target, cid);
        missing += 1;
      }
      return missing;
    });
    if (leavesMissing === 0) await this.complete(target);
  }

  /** Writes a verified block, or only links it when it is stored or being written already. */
  async #store(content: number, digest: DigestHex, bytes: Uint8Array): Promise<void> {
    await this.#turns.settled(digest);
    if (this.#index.bytesOf(digest) !== undefined) this.#index.link(content, digest);
    else await this.#turns.take(digest, this.#write(content, digest, bytes));
  }

  async #write(content: number, digest: DigestHex, bytes: Uint8Array): Promise<void> {
    const charged = chargedBytes(bytes.length);
    const room = await this.#room.make(charged, (victim) => this.#remove(victim));
    try {
      await this.#files.write(digest, bytes);
      this.#index.addBlock(content, { digest, bytes: bytes.length });
      room.commit();
      this.#storedBytes += bytes.length;
    } finally {
      room.release();
    }
    const kept = this.#collecting.has(content) || this.#index.isPinned(digest);
    if (!kept) this.#room.evictable.insert(digest, charged);
  }

  async #remove(digest: DigestHex): Promise<void> {
    const bytes = this.#index.bytesOf(digest);
    if (bytes === undefined) return;
    this.#room.evictable.remove(digest);
    this.#hot.delete(digest);
    this.#index.atomically(() => this.#index.dropBlock(digest));
    this.#onRemoved(digest);
    // A block that comes again meanwhile waits, or the removal would take the new file away.
    await this.#turns.take(digest, this.#files.remove(digest));
    this.#room.quota.free(chargedBytes(bytes));
  }

  async #removeOrphans(): Promise<void> {
    for (const { digest } of this.#index.orphans()) await this.#remove(digest);
  }

  #offerForEviction(blocks: readonly IndexedBlock[]): void {
    for (const { digest, bytes } of blocks) {
      if (!this.#index.isPinned(digest)) this.#room.evictable.insert(digest, chargedBytes(bytes));
    }
  }

  /** One read for all who ask for the same cold block at once. */
  #readOnce(digest: DigestHex): Promise<Uint8Array | undefined> {
    const hot = this.#hot.get(digest);
    if (hot !== undefined) return Promise.resolve(hot);
    return this.#reading.of(digest, () => this.#read(digest));
  }

  async #read(digest: DigestHex): Promise<Uint8Array | undefined> {
    const expected = this.#index.bytesOf(digest);
    if (expected === undefined) return undefined;
    const bytes = await this.#files.read(digest);
    if (bytes === undefined || bytes.length !== expected) {
      if (this.#index.bytesOf(digest) !== undefined) await this.#remove(digest);
      return undefined;
    }
    // It may have been purged while it was read.
    if (this.#index.bytesOf(digest) !== undefined) this.#hot.add(digest, bytes);
    return bytes;
  }
}

function contentIncomplete(target: ContentTarget, missing: CID): StorageError {
  return new StorageError('CONTENT_INCOMPLETE', 'A block of the content is missing.', {
    values: { root: target.root, missing: missing.toString(), raw: missing.code === RAW_CODEC },
    remedy: 'Send or fetch the missing block; a CAR has to hold every block of its DAG.',
  });
}
