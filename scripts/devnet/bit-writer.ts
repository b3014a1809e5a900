/** First room for a unit; it grows. */
const ROOM_BYTES = 1 << 17;

/** Writes bits one after the other, highest first, as H.264 orders them. */
export class BitWriter {
  #bytes = new Uint8Array(ROOM_BYTES);
  #length: number;
  #last = 0;
  #taken = 0;

  constructor(begin: readonly number[]) {
    this.#bytes.set(begin);
    this.#length = begin.length;
  }

  /** The lowest bits of a number. */
  bits(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      this.#last = (this.#last << 1) | ((value >> bit) & 1);
      this.#taken += 1;
      if (this.#taken === 8) this.#flush();
    }
  }

  /** An unsigned number in the code of Exp-Golomb (ITU-T H.264, 9.1); a signed one must be mapped before. */
  golomb(value: number): void {
    const bits = 32 - Math.clz32(value + 1);
    this.bits(0, bits - 1);
    this.bits(value + 1, bits);
  }

  /** Zeros up to the next byte. */
  align(): void {
    if (this.#taken > 0) this.bits(0, 8 - this.#taken);
  }

  /** Whole bytes, where the bits before end with one. */
  samples(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Ends a unit: one bit, then zeros up to the next byte. */
  ended(): Uint8Array {
    this.bits(1, 1);
    this.align();
    return this.#bytes.slice(0, this.#length);
  }

  #flush(): void {
    this.samples(Uint8Array.of(this.#last));
    this.#last = 0;
    this.#taken = 0;
  }
}
