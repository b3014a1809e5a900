import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { LRUCache } from 'lru-cache';

import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { RingError } from '../../core/one-hop-ring/ring-error.ts';
import type { RingContact } from '../../core/one-hop-ring/ring-ports.ts';
import { varintBytes } from '../../core/one-hop-ring/wire-primitives.ts';
import { isRefusal } from './dial-refusal.ts';
import { RingChannel } from './ring-channel.ts';
import { peerOfRingKey, ringKeyOfPeer } from './ring-peer-id.ts';
import {
  DIAL_TIMEOUT_MS,
  MAX_KEPT_STREAMS,
  MAX_QUEUED_MESSAGES,
  MAX_STREAMS_PER_CONNECTION,
  REDIAL_PAUSE_MS,
} from './ring-protocol.ts';

/** The bytes of one protocol's messages. */
export interface MessageCodec<Message> {
  encode(message: Message): Uint8Array;
  /** @throws RingError RING_WIRE_* for anything but one well-formed message */
  decode(bytes: Uint8Array): Message;
}

export interface MessageListener<Message> {
  /** A decoded message of the peer that proved this key. */
  onMessage(from: Uint8Array, message: Message): void;
  /**
   * Nothing can be delivered to this key now: a failed dial, or a stream that broke.
   * @param refused the peer's system answered just now that nobody listens there
   */
  onUnreachable(publicKey: Uint8Array, refused: boolean): void;
}

/** Traffic of one protocol since start. Bytes are those of whole frames, their length included. */
export interface StreamTraffic {
  receivedMessages: number;
  receivedBytes: number;
  sentMessages: number;
  sentBytes: number;
  malformedMessages: number;
  droppedMessages: number;
  /** What was received, by kind of message. */
  readonly receivedByKind: Record<string, { messages: number; bytes: number } | undefined>;
}

interface Opening {
  readonly queue: Uint8Array[];
  /** Resolves when the stream is open, or cannot be opened. */
  readonly done: Promise<void>;
}

/** No traffic yet. */
export function emptyTraffic(): StreamTraffic {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    malformedMessages: 0,
    droppedMessages: 0,
    receivedByKind: {},
  };
}

/** Carries the messages of one protocol between edges over kept libp2p streams, one for each pair of nodes. */
export class KeptStreams<Message extends { readonly kind: string }> {
  readonly traffic: StreamTraffic = emptyTraffic();
  readonly #host: Libp2p;
  readonly #protocol: string;
  readonly #codec: MessageCodec<Message>;
  readonly #listener: MessageListener<Message>;
  readonly #channels: LRUCache<Hex, RingChannel>;
  readonly #opening = new Map<Hex, Opening>();
  readonly #refusedUntilMs = new LRUCache<Hex, true>({ max: 4_096, ttl: REDIAL_PAUSE_MS });
  readonly #stopping = new AbortController();
  #running = false;

  constructor(
    components: { readonly host: Libp2p },
    options: {
      readonly protocol: string;
      readonly codec: MessageCodec<Message>;
      readonly listener: MessageListener<Message>;
    },
  ) {
    this.#host = components.host;
    this.#protocol = options.protocol;
    this.#codec = options.codec;
    this.#listener = options.listener;
    this.#channels = new LRUCache({
      max: MAX_KEPT_STREAMS,
      dispose: (channel, _key, reason) => {
        if (reason === 'evict') channel.abort(new RingError('RING_STREAM_SURPLUS', 'Too many kept streams.'));
      },
    });
  }

  /** Peers to which a stream is open. */
  get openCount(): number {
    return this.#channels.size;
  }

  /** Accepts streams from now on. A client that only asks needs no `start`. */
  async start(): Promise<void> {
    this.#running = true;
    await this.#host.handle(
      this.#protocol,
      (stream, connection) => {
        this.#adopt(stream, connection);
      },
      { maxInboundStreams: MAX_STREAMS_PER_CONNECTION },
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new RingError('RING_STOPPED', 'The transport stops.'));
    if (this.#running) await this.#host.unhandle(this.#protocol);
    this.#running = false;
    for (const channel of this.#channels.values()) {
      channel.abort(new RingError('RING_STOPPED', 'The transport stops.'));
    }
    this.#channels.clear();
  }

  /** Sends over the kept stream, opening one first if there is none. Loss is reported, never thrown. */
  send(to: RingContact, message: Message): void {
    if (this.#stopping.signal.aborted) return;
    const frame = this.#codec.encode(message);
    const key = bytesToHex(to.publicKey);
    const channel = this.#channels.get(key);
    if (channel?.isOpen === true) {
      this.#count(frame, channel.send(frame));
      return;
    }
    const opening = this.#opening.get(key);
    if (opening !== undefined) {
      if (opening.queue.length < MAX_QUEUED_MESSAGES) opening.queue.push(frame);
      else this.traffic.droppedMessages += 1;
      return;
    }
    if (this.#refusedUntilMs.has(key)) {
      this.traffic.droppedMessages += 1;
      queueMicrotask(() => {
        this.#listener.onUnreachable(to.publicKey, false);
      });
      return;
    }
    void this.#open(to, key, frame);
  }

  /** Opens the stream to a peer before it is needed. Resolves within the limit of a dial with whether one is open then. */
  async warm(to: RingContact): Promise<boolean> {
    const key = bytesToHex(to.publicKey);
    const isOpen = (): boolean => this.#channels.get(key)?.isOpen === true;
    if (isOpen()) return true;
    const opening = this.#opening.get(key);
    if (opening !== undefined) await opening.done;
    else if (!this.#refusedUntilMs.has(key)) await this.#open(to, key);
    return isOpen();
  }

  async #open(to: RingContact, key: Hex, first?: Uint8Array): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const opening: Opening = { queue: first === undefined ? [] : [first], done };
    this.#opening.set(key, opening);
    try {
      const stream = await this.#dial(to);
      const channel = this.#keep(stream, to.publicKey);
      for (const frame of opening.queue) this.#count(frame, channel.send(frame));
    } catch (error) {
      // The machine only needs to know that this member cannot be reached now, and whether its process is gone.
      this.#refusedUntilMs.set(key, true);
      this.traffic.droppedMessages += opening.queue.length;
      if (!this.#stopping.signal.aborted) this.#listener.onUnreachable(to.publicKey, isRefusal(error));
    } finally {
      this.#opening.delete(key);
      resolve();
    }
  }

  async #dial(to: RingContact): Promise<Stream> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    const peer = peerOfRingKey(to.publicKey);
    const options = { signal };
    if (this.#host.getConnections(peer).length > 0 || to.addresses.length === 0) {
      return await this.#host.dialProtocol(peer, this.#protocol, options);
    }
    const suffix = `/p2p/${peer.toString()}`;
    const addresses: Multiaddr[] = to.addresses.map((address) =>
      multiaddr(address.endsWith(suffix) ? address : `${address}${suffix}`),
    );
    return await this.#host.dialProtocol(addresses, this.#protocol, options);
  }

  #adopt(stream: Stream, connection: Connection): void {
    const publicKey = ringKeyOfPeer(connection.remotePeer);
    if (publicKey === undefined || this.#stopping.signal.aborted) {
      stream.abort(
        new RingError('RING_PEER_KEY_UNSUPPORTED', 'Only Ed25519 peers speak the protocols of the ring.'),
      );
      return;
    }
    this.#keep(stream, publicKey);
  }

  #keep(stream: Stream, publicKey: Uint8Array): RingChannel {
    const key = bytesToHex(publicKey);
    const channel = new RingChannel(stream, {
      onFrame: (frame) => {
        this.#onFrame(publicKey, frame);
      },
      onClosed: (closed) => {
        if (this.#channels.peek(key) !== closed) return;
        this.#channels.delete(key);
        if (!this.#stopping.signal.aborted) this.#listener.onUnreachable(publicKey, false);
      },
    });
    this.#channels.set(key, channel);
    void channel.run();
    return channel;
  }

  #onFrame(from: Uint8Array, frame: Uint8Array): void {
    const frameBytes = frame.length + varintBytes(frame.length);
    this.traffic.receivedMessages += 1;
    this.traffic.receivedBytes += frameBytes;
    let message: Message;
    try {
      message = this.#codec.decode(frame);
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.traffic.malformedMessages += 1;
      return;
    }
    const kind = (this.traffic.receivedByKind[message.kind] ??= { messages: 0, bytes: 0 });
    kind.messages += 1;
    kind.bytes += frameBytes;
    this.#listener.onMessage(from, message);
  }

  #count(frame: Uint8Array, sent: boolean): void {
    if (!sent) {
      this.traffic.droppedMessages += 1;
      return;
    }
    this.traffic.sentMessages += 1;
    this.traffic.sentBytes += frame.length + varintBytes(frame.length);
  }
}
