import type { Libp2p, Stream, Connection } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import type { CID } from 'multiformats/cid';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import {
  BlockExchangeError,
  IDLE_STREAM_MS,
  MAX_REQUEST_BYTES,
  MAX_STREAMS_PER_CONNECTION,
  decodeBlockRequest,
  encodeOutcome,
} from './block-exchange-protocol.ts';
import { untilTaken } from './stream-backpressure.ts';

/** What the server needs to know; it decides nothing itself. */
export interface BlockExchangeSource {
  /** Whether the owner of this Ed25519 key may have blocks of the deal. */
  mayFetch(libp2pPublicKey: Uint8Array, dealId: DealId): Promise<boolean>;
  /** The block, if it is stored and part of the deal's content. */
  blockOf(dealId: DealId, cid: CID): Promise<Uint8Array | undefined>;
  /** Called with what went wrong on a stream; the stream is closed already. */
  onFailure(error: unknown): void;
}

/** Hands blocks of shared deals to the other nodes that are allocated in them. */
export class BlockExchangeServer {
  readonly #host: Libp2p;
  readonly #protocol: string;
  readonly #source: BlockExchangeSource;

  constructor(components: { host: Libp2p; source: BlockExchangeSource }, options: { protocol: string }) {
    this.#host = components.host;
    this.#source = components.source;
    this.#protocol = options.protocol;
  }

  async start(): Promise<void> {
    await this.#host.handle(this.#protocol, (stream, connection) => this.#serve(stream, connection), {
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
    });
  }

  async stop(): Promise<void> {
    await this.#host.unhandle(this.#protocol);
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    stream.inactivityTimeout = IDLE_STREAM_MS;
    try {
      const key = connection.remotePeer.publicKey;
      for await (const message of decode(stream, { maxDataLength: MAX_REQUEST_BYTES })) {
        const { dealId, cid } = decodeBlockRequest(message.subarray());
        const allowed = key?.type === 'Ed25519' && (await this.#source.mayFetch(key.raw, dealId));
        const block = allowed ? await this.#source.blockOf(dealId, cid) : undefined;
        const outcome = !allowed ? 'refused' : block === undefined ? 'missing' : 'found';
        await sendFrame(stream, [encodeOutcome(outcome), ...(block === undefined ? [] : [block])]);
      }
      await stream.close();
    } catch (error) {
      const reason =
        error instanceof Error ? error : new BlockExchangeError('BLOCK_REQUEST_MALFORMED', String(error));
      stream.abort(reason);
      this.#source.onFailure(error);
    }
  }
}

/** Sends one length-prefixed frame and waits until the stream takes more: at most one frame is buffered. */
export async function sendFrame(stream: Stream, parts: readonly Uint8Array[]): Promise<void> {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = encode.single(join(parts, bytes));
  if (!stream.send(frame)) await untilTaken(stream, IDLE_STREAM_MS);
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const joined = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
