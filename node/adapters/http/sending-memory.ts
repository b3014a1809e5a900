import { MAX_HELD_BLOCK_BYTES } from './gateway-limits.ts';

/**
 * Counts the memory of blocks that responses hold while their clients take them. A block that several hold
 * counts once. When it is crowded, responses hold small copies instead (block-pieces.ts).
 */
export class SendingMemory {
  readonly #holders = new Map<ArrayBufferLike, number>();
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get crowded(): boolean {
    return this.#heldBytes >= MAX_HELD_BLOCK_BYTES;
  }

  /** Counts the memory behind the bytes until they are released. */
  hold({ buffer }: Uint8Array): void {
    const holders = this.#holders.get(buffer) ?? 0;
    this.#holders.set(buffer, holders + 1);
    if (holders === 0) this.#heldBytes += buffer.byteLength;
  }

  release({ buffer }: Uint8Array): void {
    const holders = this.#holders.get(buffer) ?? 0;
    if (holders > 1) this.#holders.set(buffer, holders - 1);
    else if (this.#holders.delete(buffer)) this.#heldBytes -= buffer.byteLength;
  }
}
