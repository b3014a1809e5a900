import { CarBlockIterator } from '@ipld/car';
import { CID } from 'multiformats/cid';

import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { requireSupported } from '../../../sdk/protocol/content.ts';
import { StorageError } from '../../core/storage/storage-error.ts';

/** Longest CAR header: a handful of roots. */
export const MAX_CAR_HEADER_BYTES = 4096;
/** Longest CID in its binary form that a CAR section may begin with. */
const MAX_CID_BYTES = 64;
/** Sections are shorter than 4 MiB: their length takes at most four bytes as varint. */
const MAX_VARINT_BYTES = 4;

/** One section of a CAR: not verified, only cut out. */
export interface CarBlock {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/**
 * Cuts a CARv1 stream into blocks, holding one block at a time. Declared lengths are checked before a byte
 * is collected for them. Source: CARv1 specification (ipld.io/specs/transport/car/carv1).
 */
export class CarReader {
  readonly #bytes: ByteQueue;

  constructor(stream: AsyncIterable<Uint8Array>, options: { maxBytes: number }) {
    this.#bytes = new ByteQueue(stream, options.maxBytes);
  }

  /** Reads the header. Call it once, first. @throws StorageError CAR_INVALID, CAR_TOO_LARGE */
  async roots(): Promise<CID[]> {
    const length = await this.#bytes.varint();
    if (length === undefined || length.value === 0 || length.value > MAX_CAR_HEADER_BYTES) {
      throw carInvalid('its header is missing or too long', { maxHeaderBytes: MAX_CAR_HEADER_BYTES });
    }
    const header = await this.#bytes.take(length.value);
    const frame = new Uint8Array(length.encoded.length + header.length);
    frame.set(length.encoded);
    frame.set(header, length.encoded.length);
    try {
      const car = await CarBlockIterator.fromBytes(frame);
      if (car.version !== 1) throw carInvalid('it is not version 1', { version: car.version });
      return await car.getRoots();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw carInvalid('its header cannot be decoded', {}, error);
    }
  }

  /** @throws StorageError CAR_INVALID, CAR_TOO_LARGE */
  async *blocks(): AsyncGenerator<CarBlock> {
    for (;;) {
      const length = await this.#bytes.varint();
      if (length === undefined) return;
      if (length.value === 0 || length.value > MAX_BLOCK_BYTES + MAX_CID_BYTES) {
        throw carInvalid('a section is empty or longer than a block may be', {
          sectionBytes: length.value,
          maxBlockBytes: MAX_BLOCK_BYTES,
        });
      }
      yield decodeSection(await this.#bytes.take(length.value));
    }
  }
}

function decodeSection(section: Uint8Array): CarBlock {
  try {
    const [cid, bytes] = CID.decodeFirst(section);
    return { cid: requireSupported(cid), bytes };
  } catch (error) {
    throw carInvalid('a section does not begin with a CID that is served', {}, error);
  }
}

function carInvalid(reason: string, values: Record<string, string | number>, cause?: unknown): StorageError {
  return new StorageError('CAR_INVALID', `This is not a CAR that can be stored: ${reason}.`, {
    values,
    remedy: 'Send a CARv1 file with raw and dag-pb blocks named by sha2-256, as `bcdn publish` makes it.',
    cause,
  });
}

/** Bytes of a stream, taken in pieces of exact length. */
class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #received = 0;

  constructor(stream: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#source = stream[Symbol.asyncIterator]();
    this.#maxBytes = maxBytes;
  }

  /** A varint with its own bytes, or undefined at the end of the stream. */
  async varint(): Promise<{ value: number; encoded: Uint8Array } | undefined> {
    if (!(await this.#fill(1))) return undefined;
    const encoded: number[] = [];
    let value = 0;
    for (let shift = 0; encoded.length < MAX_VARINT_BYTES; shift += 7) {
      const [byte = 0] = await this.take(1);
      encoded.push(byte);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return { value, encoded: Uint8Array.from(encoded) };
    }
    throw carInvalid('a length is too long', { maxVarintBytes: MAX_VARINT_BYTES });
  }

  /** Exactly `length` bytes, in memory of their own or of the chunk they came in. */
  async take(length: number): Promise<Uint8Array> {
    if (!(await this.#fill(length))) {
      throw carInvalid('it ends in the middle', { expectedBytes: length, remainingBytes: this.#buffered });
    }
    this.#buffered -= length;
    const [first] = this.#chunks;
    if (first !== undefined && first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    return this.#collect(length);
  }

  #collect(length: number): Uint8Array {
    const collected = new Uint8Array(length);
    let offset = 0;
    while (offset < length) {
      const chunk = this.#chunks.shift() ?? new Uint8Array(0);
      const part = chunk.subarray(0, length - offset);
      collected.set(part, offset);
      offset += part.length;
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
    }
    return collected;
  }

  async #fill(length: number): Promise<boolean> {
    while (this.#buffered < length) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#received += next.value.length;
      if (this.#received > this.#maxBytes) {
        throw new StorageError('CAR_TOO_LARGE', 'The CAR is larger than was announced.', {
          values: { maxBytes: this.#maxBytes },
          remedy: 'Sign an upload authorisation for the size of the CAR file.',
        });
      }
      if (next.value.length === 0) continue;
      this.#chunks.push(next.value);
      this.#buffered += next.value.length;
    }
    return true;
  }
}
