import type { Libp2p } from '@libp2p/interface';

import { bytesToHex, equalBytes } from '../../../sdk/protocol/bytes.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { contactOfAddress } from '../../adapters/libp2p/ring-peer-id.ts';
import { ringVerification } from '../../adapters/libp2p/ring-signature.ts';
import { RingTransport } from '../../adapters/libp2p/ring-transport.ts';
import { expiresAtMs, verifyProviderRecord } from '../../core/one-hop-ring/provider-record.ts';
import type { RingAdmission, RingContact } from '../../core/one-hop-ring/ring-ports.ts';
import type { LoadedProvider, LookupReply, RingMessage } from '../../core/one-hop-ring/wire-message.ts';
import { answerOf, type RingAnswer } from './ring-answer.ts';
import { RingNodeError } from './ring-node-error.ts';

/**
 * Until the next edge is asked instead. A first contact dials before: six round trips, for which the transport has a
 * limit of its own.
 */
const EDGE_TIMEOUT_MS = 2_000;
/** Edges asked for one lookup. */
const MAX_EDGES_ASKED = 3;
/** Lookups in flight. */
const MAX_PENDING = 256;

export interface RingClientComponents {
  readonly host: Libp2p;
  readonly admission: RingAdmission;
  readonly clock: Clock;
}

export interface RingClientOptions {
  /** `ringProtocol(chainId, registry)`. */
  readonly protocol: string;
  /** Own region, for the order of the answer. */
  readonly region: string;
}

interface Pending {
  readonly edge: RingContact;
  readonly resolve: (reply: LookupReply | undefined) => void;
}

/**
 * Lookups for those who are not members: asks an edge, and another if that one is silent (RING.md: peers are not in
 * the ring). The edge allows a bounded rate and leaves questions beyond it unanswered.
 */
export class RingClient {
  readonly #components: RingClientComponents;
  readonly #options: RingClientOptions;
  readonly #transport: RingTransport;
  readonly #verify = ringVerification();
  readonly #pending = new Map<number, Pending>();
  #edges: readonly RingContact[] = [];
  #first = 0;
  #lastRequestId = 0;

  constructor(components: RingClientComponents, options: RingClientOptions) {
    this.#components = components;
    this.#options = options;
    this.#transport = new RingTransport(
      { host: components.host, admission: components.admission },
      {
        protocol: options.protocol,
        listener: {
          onMessage: (from, message) => {
            this.#onMessage(from, message);
          },
          onUnreachable: (publicKey) => {
            this.#onUnreachable(publicKey);
          },
        },
      },
    );
  }

  /**
   * The edges to ask, best first.
   * @param addresses multiaddrs that end in `/p2p/<peer id>`
   * @throws RingNodeError RING_SEED_MALFORMED
   */
  useEdges(addresses: readonly string[]): void {
    this.#edges = addresses.map((address) => {
      const contact = contactOfAddress(address);
      if (contact !== undefined) return contact;
      throw new RingNodeError('RING_SEED_MALFORMED', {
        message: 'The address of an edge is not a multiaddr of an Ed25519 peer.',
        remedy: 'Give edges as /ip4/…/tcp/…/p2p/12D3Koo….',
        values: { address },
      });
    });
    this.#first = 0;
  }

  async stop(): Promise<void> {
    for (const pending of this.#pending.values()) pending.resolve(undefined);
    this.#pending.clear();
    await this.#transport.stop();
  }

  /**
   * Who holds the content of this key?
   * @param key 32 bytes: the content root
   * @throws RingNodeError RING_LOOKUP_UNANSWERED if no edge answered
   */
  async lookup(key: Uint8Array): Promise<RingAnswer> {
    const attempts = Math.min(MAX_EDGES_ASKED, this.#edges.length);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const edge = this.#edges[(this.#first + attempt) % this.#edges.length];
      const reply = edge === undefined ? undefined : await this.#ask(edge, key);
      if (reply === undefined) continue;
      // The edge that answered is asked first from now on.
      this.#first = (this.#first + attempt) % this.#edges.length;
      const providers = reply.providers.filter((provider) => this.#isGood(provider, key));
      const outcome = { providers, hops: reply.hops, answeredBy: reply.answeredBy };
      const answer = answerOf(outcome, this.#options, () => undefined);
      if (answer !== undefined) return answer;
    }
    throw new RingNodeError('RING_LOOKUP_UNANSWERED', {
      message: `None of ${attempts} edges answered the lookup.`,
      remedy: 'Check the connection, or ask less often: edges limit the lookups of peers.',
      values: { edges: attempts, key: bytesToHex(key) },
    });
  }

  async #ask(edge: RingContact, key: Uint8Array): Promise<LookupReply | undefined> {
    if (this.#pending.size >= MAX_PENDING) return undefined;
    this.#lastRequestId = (this.#lastRequestId + 1) >>> 0;
    const requestId = this.#lastRequestId;
    const { promise, resolve } = Promise.withResolvers<LookupReply | undefined>();
    this.#pending.set(requestId, { edge, resolve });
    let timer: NodeJS.Timeout | undefined;
    try {
      if (!(await this.#transport.warm(edge))) return undefined;
      timer = setTimeout(() => {
        resolve(undefined);
      }, EDGE_TIMEOUT_MS);
      this.#transport.send(edge, { kind: 'lookup-request', requestId, key, forward: true });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(requestId);
    }
  }

  #onMessage(from: Uint8Array, message: RingMessage): void {
    const pending = this.#pending.get(message.requestId);
    if (message.kind !== 'lookup-reply' || pending === undefined) return;
    if (equalBytes(pending.edge.publicKey, from)) pending.resolve(message);
  }

  #onUnreachable(publicKey: Uint8Array): void {
    for (const pending of this.#pending.values()) {
      if (equalBytes(pending.edge.publicKey, publicKey)) pending.resolve(undefined);
    }
  }

  #isGood(provider: LoadedProvider, key: Uint8Array): boolean {
    const { record } = provider;
    const admitted = this.#components.admission.nidOf(record.publicKey);
    return (
      equalBytes(record.key, key) &&
      !record.withdrawn &&
      expiresAtMs(record) > this.#components.clock.nowMs() &&
      admitted?.operator === record.operator &&
      verifyProviderRecord(record, this.#options.protocol, this.#verify)
    );
  }
}
