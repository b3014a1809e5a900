import { HotBlocks } from '../../core/storage/hot-blocks.ts';
import type { BlockFiles, DigestHex } from './block-store-files.ts';
import { OneReading } from './one-reading.ts';

export interface BlockReadingParts {
  readonly files: BlockFiles;
  /** Size of a block by the newest index; undefined when it is not stored. */
  readonly indexedBytes: (digest: DigestHex) => number | undefined;
  /** Told of a block whose file is missing or torn. @default nothing: another process owns the store and mends it */
  readonly onTorn?: (digest: DigestHex) => Promise<void>;
}

/**
 * Reads stored blocks, for the process that owns the store and for those beside it: hot ones from memory, cold ones from
 * their files, once for all who ask at the same time. Checks a block's length, not its hash (README.md, decisions).
 */
export class BlockReading {
  readonly #parts: BlockReadingParts;
  readonly #hot: HotBlocks;
  readonly #under = new OneReading<DigestHex, Uint8Array | undefined>();

  /** @param options.hotBytes memory for blocks that are asked for often */
  constructor(parts: BlockReadingParts, options: { readonly hotBytes: number }) {
    this.#parts = parts;
    this.#hot = new HotBlocks({ limitBytes: options.hotBytes });
  }

  /** Memory that hot blocks take. */
  get hotBytes(): number {
    return this.#hot.bytes;
  }

  /** The block, or undefined when it is not stored whole. @throws StorageError DISK_FAILED */
  async get(digest: DigestHex): Promise<Uint8Array | undefined> {
    return this.#hot.get(digest) ?? this.#under.of(digest, () => this.#read(digest));
  }

  /** Size of the block without reading it. */
  sizeOf(digest: DigestHex): number | undefined {
    return this.#hot.peek(digest)?.length ?? this.#parts.indexedBytes(digest);
  }

  /** Drops a block from memory: the index does not know it any more. */
  forget(digest: DigestHex): void {
    this.#hot.delete(digest);
  }

  clear(): void {
    this.#hot.clear();
  }

  /** Resolves when the readings that are under way have ended, well or not. */
  async idle(): Promise<void> {
    await this.#under.idle();
  }

  async #read(digest: DigestHex): Promise<Uint8Array | undefined> {
    const { files, indexedBytes, onTorn } = this.#parts;
    const expected = indexedBytes(digest);
    if (expected === undefined) return undefined;
    const bytes = await files.read(digest);
    // It may have been removed while it was read.
    const isStored = indexedBytes(digest) !== undefined;
    if (bytes === undefined || bytes.length !== expected) {
      if (isStored) await onTorn?.(digest);
      return undefined;
    }
    if (isStored) this.#hot.add(digest, bytes);
    return bytes;
  }
}
