import { bytesToUtf8, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import { RingError } from './ring-error.ts';

const FIRST_CAPACITY = 256;

/** Bytes of an unsigned integer as a varint, 7 bits each. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes += 1;
  return bytes;
}

/** Appends big-endian integers and bytes; grows as needed. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
    return this;
  }

  /** A safe integer as 64 bits. */
  uint64(value: number): this {
    return this.uint32(Math.floor(value / 0x1_0000_0000)).uint32(value % 0x1_0000_0000);
  }

  /** An unsigned integer below 2^14, in one byte below 128 and else in two. */
  varint(value: number): this {
    return value < 0x80 ? this.uint8(value) : this.uint8((value & 0x7f) | 0x80).uint8(value >>> 7);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Text of at most 255 bytes, its length first. */
  text(text: string): this {
    const bytes = utf8ToBytes(text);
    return this.uint8(bytes.length).raw(bytes);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote and refuses whatever is short, long or out of range. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** @throws RingError RING_WIRE_VALUE_INVALID beyond 2^53 - 1 */
  uint64(): number {
    const high = this.uint32();
    if (high > 0x1f_ffff) {
      throw new RingError('RING_WIRE_VALUE_INVALID', 'An integer exceeds 2^53 - 1.', { high });
    }
    return high * 0x1_0000_0000 + this.uint32();
  }

  /** @throws RingError RING_WIRE_VALUE_INVALID for more than two bytes, or two where one would do */
  varint(): number {
    const low = this.uint8();
    if (low < 0x80) return low;
    const high = this.uint8();
    if (high === 0 || high > 0x7f) {
      throw new RingError('RING_WIRE_VALUE_INVALID', 'A varint is not in its shortest form of two bytes.', {
        high,
      });
    }
    return (low & 0x7f) | (high << 7);
  }

  /** A copy, so that a kept record does not keep a whole message alive. */
  raw(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.slice(start, start + length);
  }

  /** Bytes already read, from `start` to the current offset. */
  since(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#offset);
  }

  /** A count or code between 0 and `max`. @throws RingError RING_WIRE_VALUE_INVALID */
  bounded(value: number, max: number, what: string): number {
    if (value > max) {
      throw new RingError('RING_WIRE_VALUE_INVALID', `${what} is ${value}; at most ${max} is allowed.`, {
        what,
        value,
        max,
      });
    }
    return value;
  }

  /** Printable ASCII of at most `maxBytes`. @throws RingError RING_WIRE_VALUE_INVALID */
  ascii(maxBytes: number, what: string): string {
    const bytes = this.raw(this.bounded(this.uint8(), maxBytes, `${what} length`));
    for (const byte of bytes) {
      if (byte < 0x21 || byte > 0x7e) {
        throw new RingError('RING_WIRE_VALUE_INVALID', `${what} holds the byte ${byte}.`, { what, byte });
      }
    }
    return bytesToUtf8(bytes);
  }

  /** Every byte must have been read. @throws RingError RING_WIRE_TRAILING */
  end(): void {
    const trailing = this.#bytes.length - this.#offset;
    if (trailing > 0) {
      throw new RingError('RING_WIRE_TRAILING', `${trailing} bytes follow the message.`, { trailing });
    }
  }

  #advance(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) {
      throw new RingError('RING_WIRE_TRUNCATED', 'The message ends inside a field.', {
        needed: count,
        left: this.#bytes.length - start,
      });
    }
    this.#offset = start + count;
    return start;
  }
}
