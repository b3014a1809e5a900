import type { ServerResponse } from 'node:http';

import { BODY_SLICE_BYTES, BODY_SLICE_TIMEOUT_MS } from './gateway-limits.ts';

/** How far a body got. */
export interface SentBody {
  /** Bytes that left this process, to the accuracy of one slice when the client broke off. */
  readonly sentBytes: number;
  readonly complete: boolean;
}

/**
 * Writes bytes to a client in slices, each after the one before has left the process: memory stays bounded,
 * a client that stops reading is noticed, and what an aborted transfer cost is known.
 */
export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #timeoutMs: number;
  #sentBytes = 0;
  #closed = false;
  #onClose: () => void = () => undefined;

  constructor(response: ServerResponse, options: { timeoutMs?: number | undefined } = {}) {
    this.#response = response;
    this.#timeoutMs = options.timeoutMs ?? BODY_SLICE_TIMEOUT_MS;
    this.#closed = response.destroyed;
    response.once('close', () => {
      this.#closed = true;
      this.#onClose();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends the bytes and ends the response. */
  async finish(bytes: Uint8Array): Promise<SentBody> {
    const last = Math.max(0, Math.ceil(bytes.length / BODY_SLICE_BYTES) - 1) * BODY_SLICE_BYTES;
    if (last > 0) await this.write(bytes.subarray(0, last));
    return this.end(bytes.subarray(last));
  }

  /** Sends part of a body. @returns false when the client is gone */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let offset = 0; offset < bytes.length && !this.#closed; offset += BODY_SLICE_BYTES) {
      const slice = bytes.subarray(offset, offset + BODY_SLICE_BYTES);
      const flushed = await this.#flushed((done) => this.#response.write(slice, done));
      // A slice that was under way when the client left counts as sent: part of it may have arrived.
      this.#sentBytes += slice.length;
      if (!flushed) return false;
    }
    return !this.#closed;
  }

  /** Sends the last part. */
  async end(bytes: Uint8Array): Promise<SentBody> {
    if (this.#closed) return { sentBytes: this.#sentBytes, complete: false };
    const flushed = await this.#flushed((done) => this.#response.end(bytes, done));
    this.#sentBytes += bytes.length;
    return { sentBytes: this.#sentBytes, complete: flushed };
  }

  /** Resolves when what was written left the process (true) or never will (false). */
  #flushed(write: (done: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#response.destroy(), this.#timeoutMs);
      const settle = (flushed: boolean): void => {
        clearTimeout(timer);
        this.#onClose = () => undefined;
        resolve(flushed);
      };
      this.#onClose = () => settle(this.#response.writableFinished);
      write(() => settle(this.#response.writableFinished || !this.#response.destroyed));
    });
  }
}
