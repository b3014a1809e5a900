import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type { CID } from 'multiformats/cid';

import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { BlockReader, ContentIndex } from '../../core/storage/block-ports.ts';
import { BlockFiles, digestOf, type DigestHex } from './block-store-files.ts';
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
 * that does. Every answer is by the newest committed index (SQLite in WAL mode), hot blocks are a share of its own.
 */
export class StoredBlocks implements BlockReader, ContentIndex {
  readonly #options: StoredBlocksOptions;
  readonly #reading: BlockReading;
  readonly #database: DatabaseSync;
  readonly #bytes: StatementSync;
  readonly #linked: StatementSync;
  readonly #complete: StatementSync;

  /** The owner has opened the store: its index is there and of this version. */
  constructor(options: StoredBlocksOptions) {
    this.#options = options;
    const files = new BlockFiles(options.directory);
    // A torn file is for the owner to mend: it is asked to fill the block.
    const indexedBytes = (digest: DigestHex): number | undefined => this.#indexedBytes(digest);
    this.#reading = new BlockReading({ files, indexedBytes }, { hotBytes: options.hotBytes });
    const path = join(options.directory, 'index.sqlite');
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: INDEX_BUSY_MS });
    this.#bytes = this.#database.prepare('SELECT bytes FROM blocks WHERE digest = ?');
    this.#linked = this.#database.prepare(
      'SELECT 1 FROM content_blocks JOIN contents ON id = content WHERE root = ? AND digest = ?',
    );
    this.#complete = this.#database.prepare('SELECT complete FROM contents WHERE root = ?');
  }

  close(): void {
    this.#database.close();
    this.#reading.clear();
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid);
    this.#options.touched(digest);
    return this.#reading.get(digest);
  }

  async sizeOf(cid: CID): Promise<number | undefined> {
    return this.#reading.sizeOf(digestOf(cid));
  }

  contains(root: ContentRoot, cid: CID): boolean {
    return this.#linked.get(hexToBytes(root), cid.multihash.digest) !== undefined;
  }

  isComplete(root: ContentRoot): boolean {
    return Number(this.#complete.get(hexToBytes(root))?.['complete'] ?? 0) === 1;
  }

  /** Memory that hot blocks take. */
  get hotBytes(): number {
    return this.#reading.hotBytes;
  }

  /** Drops blocks from memory: they were removed from the store. */
  forget(digests: Iterable<DigestHex>): void {
    for (const digest of digests) this.#reading.forget(digest);
  }

  #indexedBytes(digest: DigestHex): number | undefined {
    const row = this.#bytes.get(hexToBytes(`0x${digest}`));
    return row === undefined ? undefined : Number(row['bytes']);
  }
}

/** The index is locked only while the owner opens or closes it. */
const INDEX_BUSY_MS = 1_000;
