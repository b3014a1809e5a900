/** Where the bytes of a file go: in order, each byte once, verified. */
export interface ContentSink {
  /**
   * Called in ascending order; the next call waits for the promise, which is how a slow sink slows the fetch.
   * `leaf` is the SHA-256 digest of the bytes where they are a whole block of the file.
   */
  write(bytes: Uint8Array, offset: number, leaf?: Uint8Array): Promise<void> | void;
  /** Bytes that an earlier attempt left at this place, to be verified before they are used. */
  existing?(offset: number, length: number): Promise<Uint8Array | undefined>;
  /** In the place of `write` for such bytes, once they are verified. @default they are written again */
  kept?(bytes: Uint8Array, offset: number, leaf: Uint8Array): Promise<void> | void;
  /** Whether the block of that digest was verified and written here by an earlier attempt: it is not read again. */
  holds?(offset: number, length: number, leaf: Uint8Array): boolean;
  /** Everything was written. */
  finish?(): Promise<void>;
  /** The fetch failed. What was written may be kept for a later attempt. */
  abandon?(): Promise<void>;
}
