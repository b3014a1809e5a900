import { OriginError } from './origin-error.ts';

/** Cuts the bytes of an answer into leaves of known lengths, holding one leaf at a time. */
export class LeafCutter {
  readonly #lengths: readonly number[];
  readonly #totalBytes: number;
  #leaf: Uint8Array;
  #leafIndex = 0;
  #filled = 0;
  #received = 0;

  /** @param lengths of the leaves in order, none of them 0 */
  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
    this.#totalBytes = lengths.reduce((sum, length) => sum + length, 0);
    this.#leaf = new Uint8Array(lengths[0] ?? 0);
  }

  /** Takes the next bytes. @returns leaves that are whole now @throws OriginError ORIGIN_LENGTH_WRONG for a byte too many */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#received += chunk.length;
    if (this.#received > this.#totalBytes) throw lengthWrong(this.#totalBytes, this.#received, 'more');
    const whole: Uint8Array[] = [];
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#leaf.length - this.#filled);
      this.#leaf.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#leaf.length) break;
      whole.push(this.#leaf);
      this.#leafIndex += 1;
      this.#leaf = new Uint8Array(this.#lengths[this.#leafIndex] ?? 0);
      this.#filled = 0;
    }
    return whole;
  }

  /** Declares the answer at its end. @throws OriginError ORIGIN_LENGTH_WRONG if bytes are missing */
  finish(): void {
    if (this.#received < this.#totalBytes) throw lengthWrong(this.#totalBytes, this.#received, 'fewer');
  }
}

function lengthWrong(expected: number, actual: number, which: 'more' | 'fewer'): OriginError {
  return new OriginError('ORIGIN_LENGTH_WRONG', `The origin sent ${which} bytes than it was asked for.`, {
    values: { expected, actual },
    remedy: 'Check the server of the origin and what stands before it; other sources are used meanwhile.',
  });
}
