import type { CID } from 'multiformats/cid';

import type { ContentTarget, SliceTaken } from '../../core/storage/block-ports.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { CarReader } from './block-store-car.ts';
import { digestOf, type DigestHex } from './block-store-files.ts';
import { storeCar } from './block-store-import.ts';
import type { BlockStoreIndex } from './block-store-index.ts';

/** Contents whose stored bytes are remembered; those of another are added up again. */
const MAX_TALLIES = 256;

/** A slice of a content that its publisher uploads piece by piece. */
export interface Slice {
  readonly target: ContentTarget;
  readonly stream: AsyncIterable<Uint8Array>;
  /** Bytes of this slice that are taken at most. */
  readonly sliceBytes: number;
  /** Bytes of the content that are stored at most, this slice included: what its publisher signed. */
  readonly maxBytes: number;
}

/** What slices are stored with. */
export interface SlicePorts {
  readonly index: BlockStoreIndex;
  store(content: number, digest: DigestHex, bytes: Uint8Array): Promise<void>;
}

/**
 * Stores blocks of contents whose inner nodes are here, a slice at a time. A block is stored only if a stored node names it,
 * so what a slice brings is part of the content whatever else its sender does; what was stored stays when a slice fails.
 */
export class SliceIntake {
  /** Bytes of stored blocks by content, those being written included. */
  readonly #bytes = new Map<number, number>();

  /**
   * @throws StorageError CAR_*, BLOCK_NOT_NAMED, QUOTA_EXCEEDED, DISK_FULL
   * @throws ProtocolError BLOCK_HASH_MISMATCH
   */
  async take(ports: SlicePorts, slice: Slice): Promise<Pick<SliceTaken, 'storedBlocks'>> {
    const { target } = slice;
    const content = ports.index.openContent(target);
    let storedBlocks = 0;
    const reader = new CarReader(slice.stream, { maxBytes: slice.sliceBytes });
    await storeCar(reader, target, async (cid, bytes) => {
      const digest = digestOf(cid);
      if (!ports.index.contains(target.root, digest)) throw notNamed(target, cid);
      if (ports.index.bytesOf(digest) !== undefined) return;
      this.#charge(ports.index, content, { bytes: bytes.length, maxBytes: slice.maxBytes });
      try {
        await ports.store(content, digest, bytes);
        storedBlocks += 1;
      } catch (error) {
        this.#bytes.set(content, (this.#bytes.get(content) ?? bytes.length) - bytes.length);
        throw error;
      }
    });
    return { storedBlocks };
  }

  /** Forgets what it knows of a content. */
  forget(content: number): void {
    this.#bytes.delete(content);
  }

  /** Counts a block before it is written, so that slices under way at once cannot bring more than was signed together. */
  #charge(index: BlockStoreIndex, content: number, block: { bytes: number; maxBytes: number }): void {
    const before = this.#bytes.get(content) ?? index.storedOf(content).bytes;
    const after = before + block.bytes;
    if (after > block.maxBytes) {
      throw new StorageError('CAR_TOO_LARGE', 'The content is larger than its publisher signed.', {
        values: { maxBytes: block.maxBytes, storedBytes: before, blockBytes: block.bytes },
        remedy: 'Sign an upload authorisation for the size of the whole CAR.',
      });
    }
    if (this.#bytes.size >= MAX_TALLIES && !this.#bytes.has(content)) {
      const [oldest] = this.#bytes.keys();
      if (oldest !== undefined) this.#bytes.delete(oldest);
    }
    this.#bytes.set(content, after);
  }
}

function notNamed(target: ContentTarget, cid: CID): StorageError {
  return new StorageError('BLOCK_NOT_NAMED', 'No stored node of the content names this block.', {
    values: { cid: cid.toString(), contentRoot: target.root },
    remedy: 'Send the skeleton of the content first, then only blocks that it names.',
  });
}
