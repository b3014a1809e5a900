/** Where the bytes of a file go: in order, each byte once, verified. */
export interface ContentSink {
  /** Called in ascending order; the next call waits for the promise, which is how a slow sink slows the fetch. */
  write(bytes: Uint8Array, offset: number): Promise<void> | void;
  /** Bytes that an earlier attempt left at this place, to be verified before they are used. */
  existing?(offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Everything was written. */
  finish?(): Promise<void>;
  /** The fetch failed. What was written may be kept for a later attempt. */
  abandon?(): Promise<void>;
}
