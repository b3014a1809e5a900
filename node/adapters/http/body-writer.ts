import type { ServerResponse } from 'node:http';

import type { SentBytes } from '../delivery-desk/delivery-desk.ts';
import { BODY_HELD_BYTES, BODY_SLICE_BYTES, BODY_SLICE_TIMEOUT_MS } from './gateway-limits.ts';

/**
 * Writes bytes to a client in slices, each after the one before has left the process: memory stays bounded,
 * a client that stops reading is noticed, and what an aborted transfer cost is known. Small pieces are held
 * until there is more, and leave together. What the system takes at once costs neither a timer nor a wait.
 * Nothing of what it was given is looked at any more when a call has ended: by then it has left, or the socket is gone.
 */
export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #timeoutMs: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sentBytes = 0;
  #complete = false;
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

  /** Whether the client is gone, or has everything. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How far the body got until now. */
  get sent(): SentBytes {
    return { sentBytes: this.#sentBytes, complete: this.#complete };
  }

  /** Sends part of a body. @returns false when the client is gone */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.#heldBytes + bytes.length <= BODY_HELD_BYTES) {
      // A copy: whoever lent the bytes may use their memory again as soon as this call has ended.
      if (bytes.length > 0) this.#held.push(new Uint8Array(bytes));
      this.#heldBytes += bytes.length;
      return !this.#closed;
    }
    for (let offset = 0; offset < bytes.length && !this.#closed; offset += BODY_SLICE_BYTES) {
      const slice = bytes.subarray(offset, offset + BODY_SLICE_BYTES);
      const left = this.#send(slice, false);
      if (left !== true && !(await left)) return false;
    }
    return !this.#closed;
  }

  /** Sends the last part and ends the response. */
  async finish(bytes: Uint8Array): Promise<void> {
    const last = Math.max(0, Math.ceil(bytes.length / BODY_SLICE_BYTES) - 1) * BODY_SLICE_BYTES;
    if (last > 0 && !(await this.write(bytes.subarray(0, last)))) return;
    if (this.#closed) return;
    const left = this.#send(last === 0 ? bytes : bytes.subarray(last), true);
    this.#complete = left === true || (await left);
  }

  /** True when what was held and the slice have left the process already, else whether they will. */
  #send(slice: Uint8Array, last: boolean): true | Promise<boolean> {
    const response = this.#response;
    const bytes = this.#heldBytes + slice.length;
    let onFlushed: () => void = () => undefined;
    const { socket } = response;
    // In one packet, and now: Node puts a write to a socket that is not corked off until the next tick.
    socket?.cork();
    this.#release();
    if (last) response.end(slice, () => onFlushed());
    else response.write(slice, () => onFlushed());
    socket?.uncork();
    // A slice that was under way when the client left counts as sent: part of it may have arrived.
    this.#sentBytes += bytes;
    if (response.writableLength === 0 && isOpen(response)) return true;
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => response.destroy(), this.#timeoutMs);
      const settle = (left: boolean): void => {
        clearTimeout(timer);
        this.#onClose = () => undefined;
        resolve(left);
      };
      this.#onClose = () => settle(response.writableFinished);
      onFlushed = () => settle(response.writableFinished || !response.destroyed);
    });
  }

  /** The response may not be corked when it ends: Node then puts the last chunk behind the end. */
  #release(): void {
    if (this.#held.length === 0) return;
    this.#response.cork();
    for (const bytes of this.#held) this.#response.write(bytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#response.uncork();
  }
}

/** Node throws away what is written to a broken socket, and says only later that it is closed. */
function isOpen({ socket, destroyed }: ServerResponse): boolean {
  return !destroyed && socket !== null && !socket.destroyed && socket.errored === null;
}
