import { uint32ToBytes, readUint32 } from '../protocol/bytes.ts';
import { DeliveryMessageError } from './delivery-protocol.ts';

/** Bytes of the length before each message. */
export const FRAME_LENGTH_BYTES = 4;

/** The length that stands before a body of so many bytes. */
export function frameLength(bodyBytes: number): Uint8Array {
  return uint32ToBytes(bodyBytes);
}

/** A message with its length before it. */
export function frame(body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(FRAME_LENGTH_BYTES + body.length);
  framed.set(frameLength(body.length));
  framed.set(body, FRAME_LENGTH_BYTES);
  return framed;
}

/** Told what a reader finds. */
export interface FrameListener {
  /** A whole message. The bytes are the listener's own. */
  onFrame(body: Uint8Array): void;
  /** More of a message came: the bytes up to `filled` are there, `body` has the length that was announced. */
  onProgress?(body: Uint8Array, filled: number): void;
}

/**
 * Cuts a stream of bytes into messages. Each is gathered in one buffer of the announced length, so that a byte is copied
 * once; a length beyond the limit is refused before anything is set aside for it.
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #listener: FrameListener;
  readonly #length = new Uint8Array(FRAME_LENGTH_BYTES);
  #lengthFilled = 0;
  #body: Uint8Array | undefined;
  #filled = 0;

  constructor(listener: FrameListener, options: { readonly maxBytes: number }) {
    this.#listener = listener;
    this.#maxBytes = options.maxBytes;
  }

  /** Takes what came next. @throws DeliveryMessageError DELIVERY_MESSAGE_TOO_LONG, and what the listener throws */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at += this.#body === undefined ? this.#takeLength(bytes, at) : this.#takeBody(this.#body, bytes, at);
    }
  }

  #takeLength(bytes: Uint8Array, at: number): number {
    const taken = bytes.subarray(at, at + FRAME_LENGTH_BYTES - this.#lengthFilled);
    this.#length.set(taken, this.#lengthFilled);
    this.#lengthFilled += taken.length;
    if (this.#lengthFilled < FRAME_LENGTH_BYTES) return taken.length;
    const announced = readUint32(this.#length, 0);
    if (announced === 0 || announced > this.#maxBytes) throw tooLong(announced, this.#maxBytes);
    // Not zeroed: what is handed on is only what arrived.
    this.#body = Buffer.allocUnsafeSlow(announced);
    this.#filled = 0;
    this.#lengthFilled = 0;
    return taken.length;
  }

  #takeBody(body: Uint8Array, bytes: Uint8Array, at: number): number {
    const taken = bytes.subarray(at, at + body.length - this.#filled);
    body.set(taken, this.#filled);
    this.#filled += taken.length;
    this.#listener.onProgress?.(body, this.#filled);
    if (this.#filled === body.length) {
      this.#body = undefined;
      this.#listener.onFrame(body);
    }
    return taken.length;
  }
}

function tooLong(bytes: number, max: number): DeliveryMessageError {
  return new DeliveryMessageError('DELIVERY_MESSAGE_TOO_LONG', `A message has 1 to ${max} bytes.`, {
    values: { bytes, max },
  });
}
