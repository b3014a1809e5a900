import type { Stream } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';

import { MAX_MESSAGE_BYTES } from '../../core/one-hop-ring/limits.ts';
import { MAX_QUEUED_MESSAGES, STUCK_STREAM_MS } from './ring-protocol.ts';
import { untilTaken } from './stream-backpressure.ts';

export interface ChannelListener {
  /** One whole frame, not decoded yet. */
  onFrame(frame: Uint8Array): void;
  onClosed(channel: RingChannel): void;
}

/** One kept stream: length-prefixed frames both ways, a bounded queue behind a slow reader. */
export class RingChannel {
  readonly #stream: Stream;
  readonly #listener: ChannelListener;
  readonly #queue: Uint8Array[] = [];
  #draining = false;

  constructor(stream: Stream, listener: ChannelListener) {
    this.#stream = stream;
    this.#listener = listener;
    // An idle ring is a healthy ring; dead peers are found by keep-alives.
    stream.inactivityTimeout = Infinity;
  }

  get isOpen(): boolean {
    return this.#stream.status === 'open' && this.#stream.writeStatus === 'writable';
  }

  /** Reads until the stream ends, then reports it closed. Never rejects. */
  async run(): Promise<void> {
    try {
      await pipe(
        this.#stream,
        (source) => decode(source, { maxDataLength: MAX_MESSAGE_BYTES }),
        async (source) => {
          for await (const frame of source) this.#listener.onFrame(frame.subarray());
        },
      );
      await this.#stream.close();
    } catch (error) {
      // A reset stream, a frame beyond its limit, a dead connection: in each case this stream is over.
      this.#stream.abort(error instanceof Error ? error : new TypeError(String(error)));
    }
    this.#listener.onClosed(this);
  }

  /** False if the frame had to be dropped. */
  send(frame: Uint8Array): boolean {
    if (!this.isOpen || this.#queue.length >= MAX_QUEUED_MESSAGES) return false;
    this.#queue.push(frame);
    if (!this.#draining) void this.#flush();
    return true;
  }

  abort(reason: Error): void {
    this.#stream.abort(reason);
  }

  async #flush(): Promise<void> {
    this.#draining = true;
    try {
      for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
        if (!this.#stream.send(encode.single(frame))) await untilTaken(this.#stream, STUCK_STREAM_MS);
      }
    } catch (error) {
      this.#queue.length = 0;
      this.#stream.abort(error instanceof Error ? error : new TypeError(String(error)));
    }
    this.#draining = false;
  }
}
