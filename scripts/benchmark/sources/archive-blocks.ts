import { open, type FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';

import { CarIndexer } from '@ipld/car';
import type { CID } from 'multiformats/cid';

import { MAX_FREE_BUFFER_BYTES } from '../../../node/adapters/disk/block-store-reading.ts';
import { BlockBuffers } from '../../../node/core/storage/block-buffers.ts';
import type { BlockLoan, BlockReader, BlockSpan } from '../../../node/core/storage/block-ports.ts';
import { SharedBlock } from '../../../node/core/storage/shared-block.ts';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';

interface Place {
  readonly offset: number;
  readonly bytes: number;
}

/** The blocks of one archive, read where they lie: every edge of a bench holds the same, once on disk. */
export class ArchiveBlocks implements BlockReader {
  readonly #file: FileHandle;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #buffers = new BlockBuffers({ limitBytes: MAX_FREE_BUFFER_BYTES });

  static async open(path: string): Promise<ArchiveBlocks> {
    const places = new Map<string, Place>();
    const index = await CarIndexer.fromIterable(createReadStream(path));
    for await (const { cid, blockOffset, blockLength } of index)
      places.set(keyOf(cid), { offset: blockOffset, bytes: blockLength });
    return new ArchiveBlocks(await open(path), places);
  }

  private constructor(file: FileHandle, places: ReadonlyMap<string, Place>) {
    this.#file = file;
    this.#places = places;
  }

  /** Bytes of all blocks, each counted once. */
  get totalBytes(): number {
    return [...this.#places.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  has(cid: CID): boolean {
    return this.#places.has(keyOf(cid));
  }

  async sizeOf(cid: CID): Promise<number | undefined> {
    return this.#places.get(keyOf(cid))?.bytes;
  }

  async get(cid: CID): Promise<Uint8Array | undefined> {
    const place = this.#places.get(keyOf(cid));
    if (place === undefined) return undefined;
    const bytes = Buffer.allocUnsafeSlow(place.bytes);
    await this.#file.read(bytes, 0, place.bytes, place.offset);
    return bytes;
  }

  /** Lends as the store of a node does: into memory that is used again. */
  async borrow(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    const place = this.#places.get(keyOf(cid));
    if (place === undefined) return undefined;
    const { start, end } = span ?? { start: 0, end: place.bytes - 1 };
    const bytes = end + 1 - start;
    const buffer = this.#buffers.take(bytes);
    await this.#file.read(buffer, 0, bytes, place.offset + start);
    const lent = new SharedBlock(buffer, { holders: 1, giveBack: () => this.#buffers.give(buffer) });
    return lent.loan(undefined, place.bytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function keyOf(cid: CID): string {
  return bytesToHex(cid.multihash.digest);
}
