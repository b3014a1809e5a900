import { S3Fifo } from './s3-fifo.ts';

/** What an entry takes beside its bytes: its name, its places in the maps, the array's own objects. */
export const HOT_ENTRY_BYTES = 512;

/**
 * Blocks that are kept in memory: never more than so many bytes, entries included. Who stays is decided by the same order
 * as on disk, so a scan passes through a tenth of the memory and leaves the rest alone.
 */
export class HotBlocks<Block extends { readonly length: number } = Uint8Array> {
  readonly limitBytes: number;
  readonly #left: ((block: Block) => void) | undefined;
  readonly #blocks = new Map<string, Block>();
  readonly #order = new S3Fifo();

  /** @param options `left`: told of every block that leaves; not to touch these blocks from within */
  constructor(options: { readonly limitBytes: number; readonly left?: (block: Block) => void }) {
    this.limitBytes = options.limitBytes;
    this.#left = options.left;
  }

  /** What the blocks and their entries take. */
  get bytes(): number {
    return this.#order.bytes;
  }

  get size(): number {
    return this.#blocks.size;
  }

  /** The block, and a note that it was asked for. */
  get(key: string): Block | undefined {
    const block = this.#blocks.get(key);
    if (block !== undefined) this.#order.touch(key);
    return block;
  }

  /** The block, without a note. */
  peek(key: string): Block | undefined {
    return this.#blocks.get(key);
  }

  /** Keeps a block that was read, if it fits at all; others leave first. @returns whether it is kept by this call */
  add(key: string, block: Block): boolean {
    const bytes = block.length + HOT_ENTRY_BYTES;
    if (bytes > this.limitBytes || this.#blocks.has(key)) return false;
    while (this.#order.bytes + bytes > this.limitBytes) {
      const victim = this.#order.evict();
      if (victim === undefined) break;
      this.#drop(victim);
    }
    this.#order.insert(key, bytes);
    this.#blocks.set(key, block);
    return true;
  }

  delete(key: string): void {
    this.#order.remove(key);
    this.#drop(key);
  }

  clear(): void {
    for (const key of [...this.#blocks.keys()]) this.delete(key);
  }

  #drop(key: string): void {
    const block = this.#blocks.get(key);
    if (block === undefined) return;
    this.#blocks.delete(key);
    this.#left?.(block);
  }
}
