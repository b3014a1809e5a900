import { FREE_COPIES, MAX_COPY_SHARE } from '../client-limits.ts';

/**
 * Bytes that may be asked for twice: a share of everything that was asked for, and one block whatever the file, which is for
 * holders that are very late. Room for a copy is reserved before it is asked for, or before a slow source is trusted with a
 * block, and given back when it turned out not to be needed.
 */
export class CopyBudget {
  #askedBytes = 0;
  #reservedBytes = 0;
  #largestBytes = 0;

  asked(bytes: number): void {
    this.#askedBytes += bytes;
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
  }

  /** Whether the share has room for everything that is reserved and for so many bytes more. */
  shareFits(bytes: number): boolean {
    return this.#reservedBytes + bytes <= this.#askedBytes * MAX_COPY_SHARE;
  }

  /** The same with the block that any file may have copied. */
  fits(bytes: number): boolean {
    return this.shareFits(bytes) || this.#reservedBytes + bytes <= FREE_COPIES * this.#largestBytes;
  }

  /** @returns whether there was room for the copy, which is booked then */
  reserve(bytes: number): boolean {
    if (!this.fits(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#reservedBytes -= bytes;
  }
}
