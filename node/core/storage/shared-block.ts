import type { BlockLoan, BlockSpan } from './block-ports.ts';

/**
 * A block, or a part of one, in a buffer with several holders: the memory of hot blocks, and answers that are sending it.
 * When the last one lets go the buffer is given back; never when somebody was handed the bytes for good.
 */
export class SharedBlock {
  readonly #bytes: Uint8Array;
  readonly #giveBack: () => void;
  #holders: number;
  #kept = false;

  /** @param options `holders`: how many hold it from the beginning, at least one */
  constructor(bytes: Uint8Array, options: { readonly holders: number; readonly giveBack: () => void }) {
    this.#bytes = bytes;
    this.#holders = options.holders;
    this.#giveBack = options.giveBack;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** One holder more, while there is one. */
  hold(): void {
    this.#holders += 1;
  }

  /** A holder lets go: each does once. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0 && !this.#kept) this.#giveBack();
  }

  /** The bytes for good: their buffer is never used again. */
  keep(): Uint8Array {
    this.#kept = true;
    return this.#bytes;
  }

  /**
   * Makes a loan of a hold that the borrower has: the end of the loan lets go of it.
   * @param span of these bytes @default all of them
   * @param blockBytes size of the block that they are of @default their own length
   */
  loan(span?: BlockSpan, blockBytes = this.length): BlockLoan {
    const bytes = span === undefined ? this.#bytes : this.#bytes.subarray(span.start, span.end + 1);
    let ended = false;
    return {
      bytes,
      blockBytes,
      end: () => {
        if (ended) return;
        ended = true;
        this.release();
      },
    };
  }
}
