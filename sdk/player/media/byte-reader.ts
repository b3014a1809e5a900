import { PlayerError } from '../player-error.ts';

/** Big-endian numbers of a file's header, within its bounds. */
export class ByteReader {
  readonly #view: DataView;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = Math.min(end, bytes.length);
  }

  get left(): number {
    return this.end - this.at;
  }

  /** An unsigned number of 1 to 8 bytes; one beyond 2⁵³ is refused. */
  uint(length: number): number {
    this.#require(length);
    let value = 0;
    for (let index = 0; index < length; index++) value = value * 256 + this.#view.getUint8(this.at + index);
    this.at += length;
    if (!Number.isSafeInteger(value)) throw invalid('it names an impossible number');
    return value;
  }

  float(length: number): number {
    this.#require(length);
    const value =
      length === 4 ? this.#view.getFloat32(this.at) : length === 8 ? this.#view.getFloat64(this.at) : NaN;
    this.at += length;
    return value;
  }

  /** Text of one byte a character. */
  latin(length: number): string {
    return String.fromCharCode(...this.take(length));
  }

  take(length: number): Uint8Array {
    this.#require(length);
    const { buffer, byteOffset } = this.#view;
    const bytes = new Uint8Array(buffer, byteOffset + this.at, length);
    this.at += length;
    return bytes;
  }

  #require(length: number): void {
    if (length > this.left) throw invalid('it ends in the middle of a field');
  }
}

/** What is no media file of the kind that it looks like. */
export function invalid(reason: string): PlayerError {
  return new PlayerError('MEDIA_INVALID', `The file cannot be read: ${reason}.`, {
    values: { reason },
    remedy: 'Its bytes are as published: ask the publisher for a repaired file, or download it as it is.',
  });
}
