import { chargedBytes } from '../../core/storage/storage-quota.ts';
import { damageOf } from './block-store-audit.ts';
import type { BlockFiles, DigestHex } from './block-store-files.ts';
import type { BlockStoreIndex, IndexedBlock } from './block-store-index.ts';
import type { StoreRoom } from './block-store-room.ts';
import { BlockTurns } from './block-turns.ts';

export interface BlockChangesParts {
  readonly files: BlockFiles;
  readonly room: StoreRoom;
  /** @throws StorageError STORE_CLOSED */
  readonly index: () => BlockStoreIndex;
  /** Told of every block that is removed, when the index has forgotten it. */
  readonly onRemoved: (digest: DigestHex) => void;
}

/** Writes, links and removes single blocks: file, index and quota agree after each change, whatever else is under way. */
export class BlockChanges {
  readonly #parts: BlockChangesParts;
  readonly #turns = new BlockTurns();
  /** Contents being collected now: their blocks are not evicted although nothing pins them yet. */
  readonly #collecting = new Map<number, number>();
  #storedBytes = 0;

  constructor(parts: BlockChangesParts) {
    this.#parts = parts;
  }

  /** Bytes of the blocks that were written, removed ones too. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Resolves when the changes that are under way have ended, well or not. */
  async idle(): Promise<void> {
    await this.#turns.idle();
  }

  /**
   * Writes a verified block, or only links it when it is stored or being written already.
   * @throws StorageError QUOTA_EXCEEDED, DISK_FULL, DISK_FAILED
   */
  async store(content: number, digest: DigestHex, bytes: Uint8Array): Promise<void> {
    await this.#turns.settled(digest);
    if (this.#index.bytesOf(digest) !== undefined) this.#index.link(content, digest);
    else await this.#turns.take(digest, this.#write(content, digest, bytes));
  }

  /** Removes a block; its contents are incomplete then. */
  async remove(digest: DigestHex): Promise<void> {
    const { files, room, onRemoved } = this.#parts;
    const bytes = this.#index.bytesOf(digest);
    if (bytes === undefined) return;
    room.evictable.remove(digest);
    this.#index.atomically(() => this.#index.dropBlock(digest));
    onRemoved(digest);
    // A block that comes again meanwhile waits, or the removal would take the new file away.
    await this.#turns.take(digest, files.remove(digest));
    room.quota.free(chargedBytes(bytes));
  }

  /** Removes the blocks that belong to no content. */
  async removeOrphans(): Promise<void> {
    for (const { digest } of this.#index.orphans()) await this.remove(digest);
  }

  /**
   * Looks at blocks that may be damaged and drops those that are: their contents are incomplete then, and filled again.
   * @returns those that were dropped
   */
  async dropDamaged(digests: readonly DigestHex[]): Promise<DigestHex[]> {
    const { files } = this.#parts;
    const dropped: DigestHex[] = [];
    for (const digest of digests) {
      await this.#turns.settled(digest);
      const damage = await damageOf(files, digest, this.#index.bytesOf(digest));
      if (damage === undefined || this.#turns.isTaken(digest)) continue;
      if (damage === 'unindexed') await this.#turns.take(digest, files.remove(digest));
      else await this.remove(digest);
      dropped.push(digest);
    }
    return dropped;
  }

  /** Keeps the blocks of a content while it is being collected. */
  beginCollecting(content: number): void {
    this.#collecting.set(content, (this.#collecting.get(content) ?? 0) + 1);
  }

  /** Whether one collection of the content is under way and no other. */
  isCollectedAlone(content: number): boolean {
    return this.#collecting.get(content) === 1;
  }

  endCollecting(content: number): void {
    const others = (this.#collecting.get(content) ?? 1) - 1;
    if (others === 0) this.#collecting.delete(content);
    else this.#collecting.set(content, others);
  }

  /** Lets those of the blocks be evicted that nothing pins. */
  offerForEviction(blocks: Iterable<IndexedBlock>): void {
    for (const { digest, bytes } of blocks) {
      if (!this.#index.isPinned(digest)) this.#parts.room.evictable.insert(digest, chargedBytes(bytes));
    }
  }

  get #index(): BlockStoreIndex {
    return this.#parts.index();
  }

  async #write(content: number, digest: DigestHex, bytes: Uint8Array): Promise<void> {
    const { files, room } = this.#parts;
    const charged = chargedBytes(bytes.length);
    const reserved = await room.make(charged, (victim) => this.remove(victim));
    try {
      await files.write(digest, bytes);
      this.#index.addBlock(content, { digest, bytes: bytes.length });
      reserved.commit();
      this.#storedBytes += bytes.length;
    } finally {
      reserved.release();
    }
    const kept = this.#collecting.has(content) || this.#index.isPinned(digest);
    if (!kept) room.evictable.insert(digest, charged);
  }
}
