import { join } from 'node:path';

import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { BlockLoan, BlockReader, BlockSpan, ContentIndex } from '../../core/storage/block-ports.ts';
import { BlockFiles, digestOf, type DigestHex } from './block-store-files.ts';
import { BlockStoreInspection } from './block-store-inspection.ts';
import { BlockReading } from './block-store-reading.ts';

export interface StoredBlocksOptions {
  readonly directory: string;
  /** Memory for blocks that are asked for often. */
  readonly hotBytes: number;
  /** Told of every block that is asked for, so that the store keeps what is wanted. */
  readonly touched: (digest: DigestHex) => void;
}

/**
 * A block store as a process sees it that does not own it: index and files are read, never written, beside the process
 * that does. Hot blocks are a share of its own.
 */
export class StoredBlocks implements BlockReader, ContentIndex {
  readonly #touched: (digest: DigestHex) => void;
  readonly #index: BlockStoreInspection;
  readonly #reading: BlockReading;

  /** The owner has opened the store: its index is there. @throws StorageError STORE_VERSION_UNKNOWN */
  constructor({ directory, hotBytes, touched }: StoredBlocksOptions) {
    this.#touched = touched;
    this.#index = new BlockStoreInspection(join(directory, 'index.sqlite'));
    const indexedBytes = (digest: DigestHex): number | undefined => this.#index.bytesOf(digest);
    // A torn file is for the owner to mend: it is asked to fill the block.
    this.#reading = new BlockReading({ files: new BlockFiles(directory), indexedBytes }, { hotBytes });
  }

  close(): void {
    this.#index.close();
    this.#reading.clear();
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid);
    this.#touched(digest);
    return this.#reading.get(digest);
  }

  async borrow(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    const digest = digestOf(cid);
    this.#touched(digest);
    return this.#reading.borrow(digest, span);
  }

  async sizeOf(cid: CID): Promise<number | undefined> {
    return this.#reading.sizeOf(digestOf(cid));
  }

  contains(root: ContentRoot, cid: CID): boolean {
    return this.#index.contains(root, digestOf(cid));
  }

  isComplete(root: ContentRoot): boolean {
    return this.#index.isComplete(root);
  }

  /** Memory that hot blocks take. */
  get hotBytes(): number {
    return this.#reading.hotBytes;
  }

  /** Drops blocks from memory: they were removed from the store. */
  forget(digests: Iterable<DigestHex>): void {
    for (const digest of digests) this.#reading.forget(digest);
  }
}
