/** Bytes that may be sent before the other side has said that it took some: backpressure between two threads. */
export class ByteCredit {
  #bytes: number;
  #waiting: (() => void) | undefined;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** The other side took so many bytes. */
  grant(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > 0) this.#wake();
  }

  /** Waits until anything may be sent, then books it; a piece larger than the credit goes when all else was taken. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes <= 0) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    signal.throwIfAborted();
    this.#bytes -= bytes;
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
