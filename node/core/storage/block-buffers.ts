/** Smaller buffers are not worth keeping: to allocate one costs less than to look for it. */
const MIN_KEPT_BYTES = 16 * 1024;

/**
 * Buffers for blocks that come from disk, used again when nobody needs what is in them. A new buffer for each block makes
 * V8 mark its whole heap every few dozen blocks, because it counts memory outside its heap (../../adapters/http/README.md,
 * profile). Those that wait for use never take more than a limit together; who has one is not its business.
 */
export class BlockBuffers {
  readonly #limitBytes: number;
  /** By length; the length that was asked for last comes last. */
  readonly #free = new Map<number, Uint8Array[]>();
  #freeBytes = 0;

  constructor(options: { readonly limitBytes: number }) {
    this.#limitBytes = options.limitBytes;
  }

  /** Memory that waits to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of exactly this length. What is in it is left over from before. */
  take(bytes: number): Uint8Array {
    const buffers = this.#free.get(bytes);
    const buffer = buffers?.pop();
    if (buffers === undefined || buffer === undefined) return new Uint8Array(bytes);
    this.#freeBytes -= bytes;
    this.#free.delete(bytes);
    if (buffers.length > 0) this.#free.set(bytes, buffers);
    return buffer;
  }

  /** Takes a buffer back that nobody looks at any more. Lengths that nobody asked for lately make room. */
  give(buffer: Uint8Array): void {
    const bytes = buffer.length;
    if (bytes < MIN_KEPT_BYTES || bytes > this.#limitBytes) return;
    this.#makeRoom(bytes);
    if (this.#freeBytes + bytes > this.#limitBytes) return;
    const same = this.#free.get(bytes);
    if (same === undefined) this.#free.set(bytes, [buffer]);
    else same.push(buffer);
    this.#freeBytes += bytes;
  }

  /** Drops buffers of other lengths; to drop one for another of the same length gains nothing. */
  #makeRoom(bytes: number): void {
    for (const [length, buffers] of this.#free) {
      if (length === bytes) return;
      while (this.#freeBytes + bytes > this.#limitBytes && buffers.pop() !== undefined) {
        this.#freeBytes -= length;
      }
      if (buffers.length > 0) return;
      this.#free.delete(length);
    }
  }

  clear(): void {
    this.#free.clear();
    this.#freeBytes = 0;
  }
}
