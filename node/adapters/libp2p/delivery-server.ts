import type { Libp2p, Stream } from '@libp2p/interface';

import { within } from '../../../sdk/pacing/within.ts';
import { MAX_STREAMS_PER_CONNECTION } from '../../../sdk/libp2p/delivery-limits.ts';
import type { DeliveryDesk } from '../delivery-desk/delivery-desk.ts';
import { GatewayError } from '../http/gateway-error.ts';
import { SendingMemory } from '../http/sending-memory.ts';
import { MAX_DELIVERY_STREAMS } from './delivery-server-limits.ts';
import { DeliverySession } from './delivery-session.ts';
import type { PaidBlocks } from './paid-blocks.ts';

export interface DeliveryServerComponents {
  readonly host: Libp2p;
  readonly desk: DeliveryDesk;
  readonly blocks: PaidBlocks;
  /** Called with what ended a stream, and with what nobody foresaw. */
  readonly onFailure: (error: unknown) => void;
}

export interface DeliveryServerOptions {
  /** As `deliveryProtocol` makes it. */
  readonly protocol: string;
  /** @default 512 */
  readonly maxStreams?: number;
  /** @default 30 s for each 256 KiB */
  readonly slowClientTimeoutMs?: number;
  /** A stream that is owed nothing is closed after so long. @default 65 s */
  readonly idleMs?: number;
}

/** Serves blocks for grants over libp2p streams: the same desk, ledger and blocks as HTTP (`sdk/libp2p/SPEC.md`). */
export class DeliveryServer {
  readonly #components: DeliveryServerComponents;
  readonly #options: DeliveryServerOptions;
  readonly #memory = new SendingMemory();
  readonly #sessions = new Map<DeliverySession, Promise<void>>();
  #draining = false;

  constructor(components: DeliveryServerComponents, options: DeliveryServerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Streams open now. */
  get openStreams(): number {
    return this.#sessions.size;
  }

  async start(): Promise<void> {
    const { host } = this.#components;
    await host.handle(this.#options.protocol, (stream) => this.#accept(stream), {
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
    });
  }

  /** Takes no more streams and requests, lets what is owed be sent for `drainMs`, then cuts it off. */
  async stop(drainMs: number): Promise<void> {
    this.#draining = true;
    await this.#components.host.unhandle(this.#options.protocol);
    const sessions = [...this.#sessions];
    await within(Promise.all(sessions.map(([session]) => session.drained())), drainMs);
    for (const [session] of sessions) session.abort(stopped());
    // A read that never ends must not keep the node from ending.
    await within(Promise.all(sessions.map(([, ended]) => ended)), drainMs);
  }

  #accept(stream: Stream): void {
    const { desk, blocks, onFailure } = this.#components;
    const { maxStreams = MAX_DELIVERY_STREAMS } = this.#options;
    if (this.#sessions.size >= maxStreams) {
      stream.abort(tooMany(maxStreams));
      return;
    }
    const components = { desk, blocks, onFailure, memory: this.#memory, draining: () => this.#draining };
    const session = new DeliverySession(stream, components, this.#options);
    this.#sessions.set(
      session,
      session.run().finally(() => this.#sessions.delete(session)),
    );
  }
}

function tooMany(max: number): GatewayError {
  return new GatewayError(503, 'STREAMS_BUSY', {
    message: 'The node serves as many streams as it can.',
    values: { max },
    remedy: 'Ask another node of the deal.',
  });
}

function stopped(): GatewayError {
  return new GatewayError(503, 'DRAINING', {
    message: 'The node has stopped.',
    remedy: 'Ask another node of the deal.',
  });
}
