import type { Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { decode } from 'it-length-prefixed';
import {
  BLOCK_TIMEOUT_MS,
  BlockExchangeError,
  DIAL_TIMEOUT_MS,
  MAX_ANSWER_BYTES,
  decodeBlockAnswer,
  encodeBlockRequest,
  type BlockRequest,
} from './block-exchange-protocol.ts';
import { sendFrame } from './block-exchange-server.ts';

/** A node that may hold the blocks. */
export interface BlockHolder {
  readonly peerId: string;
  readonly addresses: readonly string[];
}

/** Opens conversations with holders of blocks. */
export class BlockExchangeClient {
  readonly #host: Libp2p;
  readonly #protocol: string;

  constructor(components: { host: Libp2p }, options: { protocol: string }) {
    this.#host = components.host;
    this.#protocol = options.protocol;
  }

  /** Opens a kept stream to a holder. @throws BlockExchangeError BLOCK_HOLDER_UNREACHABLE */
  async open(holder: BlockHolder, signal: AbortSignal): Promise<BlockConversation> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    try {
      const peer = peerIdFromString(holder.peerId);
      const known = this.#host.getConnections(peer).find((connection) => connection.status === 'open');
      const connection = known ?? (await this.#host.dial(dialable(holder), { signal: until }));
      if (!connection.remotePeer.equals(peer)) {
        throw new BlockExchangeError('BLOCK_HOLDER_UNREACHABLE', 'Another node answered at its address.');
      }
      return new BlockConversation(
        await connection.newStream(this.#protocol, { signal: until }),
        holder.peerId,
      );
    } catch (cause) {
      signal.throwIfAborted();
      throw new BlockExchangeError(
        'BLOCK_HOLDER_UNREACHABLE',
        `The holder ${holder.peerId} cannot be reached.`,
        {
          values: { peerId: holder.peerId },
          cause,
        },
      );
    }
  }
}

/** libp2p addresses of a holder; those of its HTTP gateway cannot be dialled. */
function dialable(holder: BlockHolder): Multiaddr[] {
  return holder.addresses
    .filter((address) => !/\/https?(\/|$)/.test(address))
    .map((address) => multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${holder.peerId}`));
}

/** One kept stream: a request, its answer, the next request. */
export class BlockConversation {
  readonly #stream: Stream;
  readonly #answers: AsyncGenerator<{ subarray(): Uint8Array }>;
  readonly #peerId: string;

  constructor(stream: Stream, peerId: string) {
    this.#stream = stream;
    this.#peerId = peerId;
    this.#answers = decode(stream, { maxDataLength: MAX_ANSWER_BYTES });
  }

  /**
   * Fetches one block; undefined when the holder does not have it. The caller verifies what comes.
   *
   * @throws BlockExchangeError BLOCK_HOLDER_REFUSED, BLOCK_HOLDER_SILENT, BLOCK_ANSWER_MALFORMED
   */
  async fetch(request: BlockRequest, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(BLOCK_TIMEOUT_MS)]);
    const onAbort = (): void =>
      this.#stream.abort(this.#failure('BLOCK_HOLDER_SILENT', 'did not answer in time'));
    until.addEventListener('abort', onAbort, { once: true });
    try {
      await sendFrame(this.#stream, [encodeBlockRequest(request)]);
      const next = await this.#answers.next();
      if (next.done === true) throw this.#failure('BLOCK_HOLDER_SILENT', 'closed the stream');
      const { outcome, block } = decodeBlockAnswer(next.value.subarray());
      if (outcome === 'refused')
        throw this.#failure('BLOCK_HOLDER_REFUSED', 'does not give blocks of this deal');
      return outcome === 'found' ? block : undefined;
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof BlockExchangeError) throw cause;
      throw this.#failure('BLOCK_HOLDER_SILENT', 'broke the stream off', cause);
    } finally {
      until.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    await this.#stream.close({ signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) }).catch((error: unknown) => {
      this.#stream.abort(this.#failure('BLOCK_HOLDER_SILENT', 'did not close the stream', error));
    });
  }

  #failure(
    code: 'BLOCK_HOLDER_REFUSED' | 'BLOCK_HOLDER_SILENT',
    what: string,
    cause?: unknown,
  ): BlockExchangeError {
    return new BlockExchangeError(code, `The holder ${this.#peerId} ${what}.`, {
      values: { peerId: this.#peerId },
      cause,
    });
  }
}
