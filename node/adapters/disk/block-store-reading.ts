import type { BlockLoan, BlockSpan } from '../../core/storage/block-ports.ts';
import { BlockBuffers } from '../../core/storage/block-buffers.ts';
import { HotBlocks } from '../../core/storage/hot-blocks.ts';
import { RecentNames } from '../../core/storage/recent-names.ts';
import { SharedBlock } from '../../core/storage/shared-block.ts';
import type { BlockFiles, DigestHex } from './block-store-files.ts';

/** Buffers that wait to be used again take so much at most: those of 16 blocks of 1 MiB. */
export const MAX_FREE_BUFFER_BYTES = 16 * 1024 * 1024;
/** A span of at most this share of its block is read alone, the first time. */
const LONE_SPAN_SHARE = 0.5;
/** Blocks that a span was read of lately: the next one that is asked for of them brings the whole block. */
const MAX_BLOCKS_IN_PARTS = 64;

export interface BlockReadingParts {
  readonly files: BlockFiles;
  /** Size of a block by the newest index; undefined when it is not stored. */
  readonly indexedBytes: (digest: DigestHex) => number | undefined;
  /** Told of a block whose file is missing or torn. @default nothing: another process owns the store and mends it */
  readonly onTorn?: (digest: DigestHex) => Promise<void>;
}

/** A reading of a whole block that is under way. */
interface Reading {
  readonly result: Promise<SharedBlock | undefined>;
  /** Each will have a hold of its own. */
  askers: number;
}

/**
 * Reads stored blocks, for the process that owns the store and for those beside it: hot ones from memory, cold ones from
 * their files, once for all who ask at the same time. Who borrows a block gives its buffer back for the next one. Checks a
 * block's length, not its hash (README.md, decisions).
 */
export class BlockReading {
  readonly #parts: BlockReadingParts;
  readonly #hot: HotBlocks<SharedBlock>;
  readonly #buffers = new BlockBuffers({ limitBytes: MAX_FREE_BUFFER_BYTES });
  readonly #under = new Map<DigestHex, Reading>();
  readonly #spansUnder = new Set<Promise<BlockLoan | undefined>>();
  readonly #inParts = new RecentNames(MAX_BLOCKS_IN_PARTS);

  /** @param options.hotBytes memory for blocks that are asked for often */
  constructor(parts: BlockReadingParts, options: { readonly hotBytes: number }) {
    this.#parts = parts;
    this.#hot = new HotBlocks({ limitBytes: options.hotBytes, left: (block) => block.release() });
  }

  /** Memory that hot blocks take. */
  get hotBytes(): number {
    return this.#hot.bytes;
  }

  /** Memory that waits to be used again; never more than MAX_FREE_BUFFER_BYTES. */
  get freeBufferBytes(): number {
    return this.#buffers.freeBytes;
  }

  /** The block for good, or undefined when it is not stored whole. @throws StorageError DISK_FAILED */
  async get(digest: DigestHex): Promise<Uint8Array | undefined> {
    const hot = this.#hot.get(digest);
    if (hot !== undefined) return hot.keep();
    const read = await this.#whole(digest);
    return read?.keep();
  }

  /**
   * The block, or some of its bytes, until the borrower has sent them. Of a cold block a short span is read alone; when
   * another one follows soon, the block comes as a whole and is kept in memory as others are.
   * @throws StorageError DISK_FAILED
   */
  async borrow(digest: DigestHex, span?: BlockSpan): Promise<BlockLoan | undefined> {
    const hot = this.#hot.get(digest);
    if (hot !== undefined) {
      hot.hold();
      return hot.loan(span);
    }
    const sizeBytes = this.#parts.indexedBytes(digest);
    if (sizeBytes === undefined) return undefined;
    if (span === undefined || !this.#isLone(digest, span, sizeBytes)) {
      const block = await this.#whole(digest);
      return block?.loan(span);
    }
    const reading = this.#readSpan(digest, span, sizeBytes).finally(() => this.#spansUnder.delete(reading));
    this.#spansUnder.add(reading);
    return reading;
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
    this.#buffers.clear();
  }

  /** Resolves when the readings that are under way have ended, well or not. */
  async idle(): Promise<void> {
    const whole = [...this.#under.values()].map(({ result }) => result);
    await Promise.allSettled([...whole, ...this.#spansUnder]);
  }

  /** Whether a span of a cold block is worth a reading of its own: a short one, and the first for some time. */
  #isLone(digest: DigestHex, { start, end }: BlockSpan, sizeBytes: number): boolean {
    if (end + 1 - start > sizeBytes * LONE_SPAN_SHARE || this.#inParts.take(digest)) return false;
    this.#inParts.note(digest);
    return true;
  }

  /** The block with a hold for the caller, by the reading that is under way or a new one. */
  async #whole(digest: DigestHex): Promise<SharedBlock | undefined> {
    const present = this.#under.get(digest);
    if (present !== undefined) {
      present.askers += 1;
      return present.result;
    }
    const sizeBytes = this.#parts.indexedBytes(digest);
    if (sizeBytes === undefined) return undefined;
    const reading = { result: this.#read(digest, sizeBytes), askers: 1 };
    this.#under.set(digest, reading);
    return reading.result;
  }

  async #read(digest: DigestHex, sizeBytes: number): Promise<SharedBlock | undefined> {
    try {
      const buffer = await this.#filled(digest, { sizeBytes, offset: 0, bytes: sizeBytes });
      if (buffer === undefined) return undefined;
      const holders = this.#under.get(digest)?.askers ?? 1;
      const block = new SharedBlock(buffer, { holders, giveBack: () => this.#buffers.give(buffer) });
      // It may have been removed while it was read.
      if (this.#parts.indexedBytes(digest) !== undefined && this.#hot.add(digest, block)) block.hold();
      return block;
    } finally {
      // In the same step as the count: whoever asks from here on begins a reading of its own.
      this.#under.delete(digest);
    }
  }

  async #readSpan(
    digest: DigestHex,
    { start, end }: BlockSpan,
    sizeBytes: number,
  ): Promise<BlockLoan | undefined> {
    const bytes = Math.min(end + 1, sizeBytes) - start;
    const buffer = await this.#filled(digest, { sizeBytes, offset: start, bytes });
    if (buffer === undefined) return undefined;
    const part = new SharedBlock(buffer, { holders: 1, giveBack: () => this.#buffers.give(buffer) });
    return part.loan({ start: 0, end: bytes - 1 }, sizeBytes);
  }

  /** A buffer that begins with these bytes of a block, or undefined when the block is not stored whole. */
  async #filled(
    digest: DigestHex,
    wanted: { readonly sizeBytes: number; readonly offset: number; readonly bytes: number },
  ): Promise<Uint8Array | undefined> {
    const { files, indexedBytes, onTorn } = this.#parts;
    const { sizeBytes, bytes } = wanted;
    const buffer = this.#buffers.take(bytes === sizeBytes ? bytes : spanBufferBytes(bytes));
    let isRead = false;
    try {
      isRead = await files.readInto(digest, buffer.subarray(0, bytes), wanted);
    } finally {
      if (!isRead) this.#buffers.give(buffer);
    }
    if (isRead) return buffer;
    if (indexedBytes(digest) !== undefined) await onTorn?.(digest);
    return undefined;
  }
}

/** Spans have all lengths, their buffers few: powers of two. */
function spanBufferBytes(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
}
