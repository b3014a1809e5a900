import {
  transportSymbol,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type MultiaddrConnection,
  type Transport,
  type Upgrader,
} from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import type { Multiaddr } from '@multiformats/multiaddr';

import { RingLabError } from './ring-lab-error.ts';
import { ShapedConnection } from './shaped-connection.ts';
import type { ShapedNetwork } from './shaped-network.ts';

type TcpComponents = Parameters<ReturnType<typeof tcp>>[0];

/**
 * TCP whose connections are delayed, lossy and can be cut, below Noise and yamux: the hosts do not notice.
 * @param local peer id of the host
 */
export function shapedTcp(network: ShapedNetwork, local: string): (components: TcpComponents) => Transport {
  return (components) => new ShapedTcp(tcp()(components), network, local);
}

class ShapedTcp implements Transport {
  readonly [transportSymbol] = true;
  readonly [Symbol.toStringTag] = 'shaped-tcp';
  readonly #inner: Transport;
  readonly #network: ShapedNetwork;
  readonly #local: string;

  constructor(inner: Transport, network: ShapedNetwork, local: string) {
    this.#inner = inner;
    this.#network = network;
    this.#local = local;
  }

  /** @throws RingLabError LAB_PEER_UNNAMED if the address does not end in a peer id */
  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const remote = address.getComponents().findLast((component) => component.name === 'p2p')?.value;
    if (remote === undefined) {
      throw new RingLabError('LAB_PEER_UNNAMED', 'A shaped address ends in /p2p/<peer id>.', {
        address: address.toString(),
      });
    }
    await this.#network.connect(this.#local, remote, options.signal);
    const peers = { local: this.#local, remote };
    const upgrader = shapingUpgrader(
      options.upgrader,
      (inner) => new ShapedConnection(inner, this.#network, peers),
    );
    return await this.#inner.dial(address, { ...options, upgrader });
  }

  /** Accepted connections are shaped by the side that dialled. */
  createListener(options: CreateListenerOptions): Listener {
    return this.#inner.createListener(options);
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#inner.listenFilter(addresses);
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#inner.dialFilter(addresses);
  }
}

/** The given upgrader, which gets shaped connections instead of raw ones. */
function shapingUpgrader(
  inner: Upgrader,
  shape: (connection: MultiaddrConnection) => MultiaddrConnection,
): Upgrader {
  return {
    upgradeOutbound: async (
      connection: MultiaddrConnection,
      options: Parameters<Upgrader['upgradeOutbound']>[1],
    ) => inner.upgradeOutbound(shape(connection), options),
    upgradeInbound: inner.upgradeInbound.bind(inner),
    createInboundAbortSignal: (signal) => inner.createInboundAbortSignal(signal),
    getStreamMuxers: () => inner.getStreamMuxers(),
    getConnectionEncrypters: () => inner.getConnectionEncrypters(),
  };
}
