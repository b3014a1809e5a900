import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';

import type { Acknowledgement } from '../client/acknowledgement.ts';
import type { BlockAnswer, BlockRequest, BlockSource } from '../client/block-source.ts';
import { ClientError } from '../client/client-error.ts';
import { RECEIPT_TIMEOUT_MS } from '../client/client-limits.ts';
import { hashesFast } from '../client/hash-speed.ts';
import type { SignedReceipt } from '../protocol/receipt.ts';
import { DeliveryConversation } from './delivery-conversation.ts';
import { STREAM_OPEN_TIMEOUT_MS } from './delivery-limits.ts';

/** The viewer's host, or how to get it: a fetch that needs none then starts none. */
export type HostOrOpen = Libp2p | (() => Promise<Libp2p>);

/** A node by its libp2p key and where it listens. */
export interface Libp2pPlace {
  readonly peerId: string;
  /** Multiaddrs with `/p2p/`. */
  readonly addresses: readonly string[];
}

export interface Libp2pSourceOptions {
  /** As `deliveryProtocol` makes it. */
  readonly protocol: string;
  /** Whether blocks may be hashed on this thread while they arrive. @default whether that is fast here */
  readonly hashes?: boolean;
}

/** Blocks of one node over a libp2p stream that is kept (SPEC.md beside this file); opened when it is first needed. */
export class Libp2pBlockSource implements BlockSource {
  readonly #host: HostOrOpen;
  readonly #place: Libp2pPlace;
  readonly #protocol: string;
  readonly #hashes: boolean;
  #conversation: Promise<DeliveryConversation> | undefined;

  constructor(components: { readonly host: HostOrOpen }, place: Libp2pPlace, options: Libp2pSourceOptions) {
    this.#host = components.host;
    this.#place = place;
    this.#protocol = options.protocol;
    this.#hashes = options.hashes ?? hashesFast();
  }

  async fetchBlock(request: BlockRequest): Promise<BlockAnswer> {
    const conversation = await this.#open(request.signal);
    return await conversation.fetchBlock(request);
  }

  async deliverReceipts(
    receipts: readonly SignedReceipt[],
    signal?: AbortSignal,
  ): Promise<Acknowledgement[]> {
    const conversation = await this.#open(signal);
    return await conversation.deliverReceipts(receipts, { stallTimeoutMs: RECEIPT_TIMEOUT_MS, signal });
  }

  close(): void {
    const opening = this.#conversation;
    this.#conversation = undefined;
    opening?.then(
      (conversation) => conversation.close(),
      // Whoever waited for it was told.
      () => undefined,
    );
  }

  async #open(signal: AbortSignal | undefined): Promise<DeliveryConversation> {
    signal?.throwIfAborted();
    const known = this.#conversation;
    if (known !== undefined) {
      const conversation = await known;
      if (conversation.isOpen) return conversation;
    }
    if (this.#conversation === known) {
      const opening = this.#dial();
      this.#conversation = opening;
      opening.catch(() => {
        if (this.#conversation === opening) this.#conversation = undefined;
      });
    }
    return await this.#open(signal);
  }

  async #dial(): Promise<DeliveryConversation> {
    const signal = AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS);
    const { peerId, addresses } = this.#place;
    try {
      const peer = peerIdFromString(peerId);
      const host = typeof this.#host === 'function' ? await this.#host() : this.#host;
      const known = host.getConnections(peer).find(({ status }) => status === 'open');
      const connection = known ?? (await host.dial(dialable(addresses), { signal }));
      if (!connection.remotePeer.equals(peer)) throw new TypeError('Another node answered.');
      const stream = await connection.newStream(this.#protocol, { signal });
      return new DeliveryConversation(stream, { peer: peerId, hashes: this.#hashes });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ClientError('UNREACHABLE', `${peerId} cannot be reached: ${reason}`, {
        values: { peer: peerId, addresses: addresses.join(' ') },
        remedy: 'Check that it is running and reachable; another one is used meanwhile where there is one.',
        cause,
      });
    }
  }
}

function dialable(addresses: readonly string[]): Multiaddr[] {
  return addresses.map((address) => multiaddr(address));
}
