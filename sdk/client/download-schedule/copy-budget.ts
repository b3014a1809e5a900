import { FREE_COPIES, MAX_COPY_SHARE } from '../client-limits.ts';

/**
 * Bytes that may be asked for twice: a share of everything that was asked for, and one block whatever the file.
 * A copy is reserved before it is asked for, and given back when it turned out not to be needed.
 */
export class CopyBudget {
  #askedBytes = 0;
  #reservedBytes = 0;
  #largestBytes = 0;

  asked(bytes: number): void {
    this.#askedBytes += bytes;
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
  }

  /** Whether there is room for one more copy. */
  fits(bytes: number): boolean {
    const allowed = Math.max(FREE_COPIES * this.#largestBytes, this.#askedBytes * MAX_COPY_SHARE);
    return this.#reservedBytes + bytes <= allowed;
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
