import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type { CID } from 'multiformats/cid';

import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { BlockReader, ContentIndex } from '../../core/storage/block-ports.ts';
import { HotBlocks } from '../../core/storage/hot-blocks.ts';
import { BlockFiles, digestOf, type DigestHex } from './block-store-files.ts';
import { OneReading } from './one-reading.ts';

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
  readonly #files: BlockFiles;
  readonly #hot: HotBlocks;
  readonly #database: DatabaseSync;
  readonly #bytes: StatementSync;
  readonly #linked: StatementSync;
  readonly #complete: StatementSync;
  readonly #reading = new OneReading<DigestHex, Uint8Array | undefined>();
  /** Raised when blocks are to be forgotten: what was being read then is not kept. */
  #forgotten = 0;

  /** The owner has opened the store: its index is there and of this version. */
  constructor(options: StoredBlocksOptions) {
    this.#options = options;
    this.#files = new BlockFiles(options.directory);
    this.#hot = new HotBlocks({ limitBytes: options.hotBytes });
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
    this.#hot.clear();
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid);
    this.#options.touched(digest);
    return this.#hot.get(digest) ?? this.#readOnce(digest);
  }

  async sizeOf(cid: CID): Promise<number | undefined> {
    const digest = digestOf(cid);
    return this.#hot.peek(digest)?.length ?? this.#indexedBytes(digest);
  }

  contains(root: ContentRoot, cid: CID): boolean {
    return this.#linked.get(hexToBytes(root), cid.multihash.digest) !== undefined;
  }

  isComplete(root: ContentRoot): boolean {
    return Number(this.#complete.get(hexToBytes(root))?.['complete'] ?? 0) === 1;
  }

  /** Memory that hot blocks take. */
  get hotBytes(): number {
    return this.#hot.bytes;
  }

  /** Drops blocks from memory: they were removed from the store. */
  forget(digests: Iterable<DigestHex>): void {
    this.#forgotten += 1;
    for (const digest of digests) this.#hot.delete(digest);
  }

  #indexedBytes(digest: DigestHex): number | undefined {
    const row = this.#bytes.get(hexToBytes(`0x${digest}`));
    return row === undefined ? undefined : Number(row['bytes']);
  }

  /** One read for all who ask for the same cold block at once. */
  #readOnce(digest: DigestHex): Promise<Uint8Array | undefined> {
    return this.#reading.of(digest, () => this.#read(digest));
  }

  async #read(digest: DigestHex): Promise<Uint8Array | undefined> {
    const expected = this.#indexedBytes(digest);
    if (expected === undefined) return undefined;
    const forgotten = this.#forgotten;
    const bytes = await this.#files.read(digest);
    // A torn file is for the owner to mend: it is asked to fill the block.
    if (bytes === undefined || bytes.length !== expected) return undefined;
    if (forgotten === this.#forgotten) this.#hot.add(digest, bytes);
    return bytes;
  }
}

/** The index is locked only while the owner opens or closes it. */
const INDEX_BUSY_MS = 1_000;
