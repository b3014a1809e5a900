import { RingError } from '../one-hop-ring/ring-error.ts';

/**
 * Golomb-Rice code of an ascending set of fingerprints below 2^bits (SPEC.md, summary): each gap, less one, as a
 * quotient in unary and a remainder of `riceBits` bits. The set is coded within 5 % of what its entropy allows.
 */
export function encodeFingerprints(values: Uint32Array, bits: number): Uint8Array {
  const remainderBits = riceBits(values.length, bits);
  const code = new BitWriter(maxCodeBytes(values.length, bits));
  let previous = -1;
  for (const value of values) {
    const gap = value - previous - 1;
    code.unary(gap >>> remainderBits);
    code.bits(gap, remainderBits);
    previous = value;
  }
  return code.finish();
}

/**
 * Decodes exactly `count` fingerprints. The code of a set is unique: padding must be zero and no byte may follow.
 * @throws RingError RING_WIRE_VALUE_INVALID, RING_WIRE_TRUNCATED, RING_WIRE_TRAILING
 */
export function decodeFingerprints(code: Uint8Array, count: number, bits: number): Uint32Array {
  const remainderBits = riceBits(count, bits);
  const reader = new BitReader(code);
  const values = new Uint32Array(count);
  const limit = 2 ** bits;
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const quotient = reader.unary((limit - previous) / 2 ** remainderBits);
    const value = previous + 1 + quotient * 2 ** remainderBits + reader.bits(remainderBits);
    if (value >= limit) {
      throw new RingError('RING_WIRE_VALUE_INVALID', 'A fingerprint is out of range.', { value, bits });
    }
    values[i] = value;
    previous = value;
  }
  reader.end();
  return values;
}

/** Most bytes that a code of so many fingerprints can have. */
export function maxCodeBytes(count: number, bits: number): number {
  const remainderBits = riceBits(count, bits);
  return Math.ceil((count * (1 + remainderBits) + 2 ** (bits - remainderBits)) / 8);
}

/** Remainder bits that suit gaps of mean 2^bits / count: the largest k with 2^k <= 0.693 of the mean. */
export function riceBits(count: number, bits: number): number {
  let remainderBits = 0;
  while (remainderBits < bits && 2 ** (remainderBits + 1) * count * 1_000 <= 693 * 2 ** bits) {
    remainderBits += 1;
  }
  return remainderBits;
}

/** Appends bits, the most significant first. */
class BitWriter {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(maxBytes: number) {
    this.#bytes = new Uint8Array(maxBytes);
  }

  unary(quotient: number): void {
    for (let i = 0; i < quotient; i++) this.#append(1);
    this.#append(0);
  }

  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.#append((value >>> i) & 1);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, Math.ceil(this.#bit / 8));
  }

  #append(bit: number): void {
    const index = this.#bit >>> 3;
    this.#bytes[index] = (this.#bytes[index] ?? 0) | (bit << (7 - (this.#bit & 7)));
    this.#bit += 1;
  }
}

/** Reads what `BitWriter` wrote. */
class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  unary(max: number): number {
    let quotient = 0;
    while (this.#next() === 1) {
      quotient += 1;
      if (quotient > max) {
        throw new RingError('RING_WIRE_VALUE_INVALID', 'A gap between fingerprints is out of range.', {
          quotient,
          max,
        });
      }
    }
    return quotient;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = (value << 1) | this.#next();
    return value;
  }

  end(): void {
    const trailing = this.#bytes.length - Math.ceil(this.#bit / 8);
    if (trailing > 0) {
      throw new RingError('RING_WIRE_TRAILING', `${trailing} bytes follow the fingerprints.`, { trailing });
    }
    while ((this.#bit & 7) !== 0) {
      if (this.#next() === 1) {
        throw new RingError('RING_WIRE_VALUE_INVALID', 'The padding of the fingerprints is not zero.');
      }
    }
  }

  #next(): number {
    const byte = this.#bytes[this.#bit >>> 3];
    if (byte === undefined) {
      throw new RingError('RING_WIRE_TRUNCATED', 'The code ends inside a fingerprint.', {
        bytes: this.#bytes.length,
      });
    }
    const bit = (byte >>> (7 - (this.#bit & 7))) & 1;
    this.#bit += 1;
    return bit;
  }
}
