import { gossipsub, type GossipSub } from '@chainsafe/libp2p-gossipsub';
import { identify, type Identify } from '@libp2p/identify';
import type { Ed25519PrivateKey, Libp2p, ServiceMap } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { ping, type Ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2pOptions } from 'libp2p';

/** A stream's window: larger ones let an unread stream buffer megabytes (FACTS.md, libp2p hosts). */
const MAX_STREAM_WINDOW_BYTES = 1_048_576;
/** New connections a second from one address; many nodes of a development network share one. */
const INBOUND_CONNECTIONS_PER_SECOND = 100;
const MAX_INCOMING_PENDING_CONNECTIONS = 100;
const MAX_CONNECTIONS = 1_000;
const DIAL_TIMEOUT_MS = 5_000;

export interface HostServices extends ServiceMap {
  identify: Identify;
  ping: Ping;
  pubsub: GossipSub;
}

/** The libp2p host of a node; `services.pubsub` is its gossipsub router. */
export type Host = Libp2p<HostServices>;

export interface HostOptions {
  /** The key registered on chain: it names the host. */
  readonly privateKey: Ed25519PrivateKey;
  /** Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/tcp/0` and `/ip4/0.0.0.0/tcp/0/ws`; none for a dialler only. */
  readonly listenAddresses: readonly string[];
  /** Multiaddrs told to others instead of the ones listened on. */
  readonly announceAddresses?: readonly string[];
  /** Replaces TCP and WebSockets, e.g. by a transport that delays and loses. */
  readonly transports?: Libp2pOptions['transports'];
}

/**
 * Makes a libp2p host with TCP, WebSockets, Noise, yamux, identify, ping and gossipsub.
 * It does not listen or dial before its `start()`.
 */
export async function createHost(options: HostOptions): Promise<Host> {
  return await createLibp2p<HostServices>({
    ...connectionOptions(options),
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, emitSelf: false }),
    },
  });
}

/**
 * Makes a host that connects like `createHost`'s and offers nothing by itself: no identify, no gossipsub, and no probe
 * of idle connections. For measuring one protocol with very many connections on one machine.
 */
export async function createBareHost(options: HostOptions): Promise<Libp2p> {
  return await createLibp2p({ ...connectionOptions(options), connectionMonitor: { enabled: false } });
}

/** What all kinds of host have in common: addresses, transports, encryption, multiplexing, limits. */
export function connectionOptions(options: HostOptions): Libp2pOptions {
  return {
    start: false,
    privateKey: options.privateKey,
    addresses: {
      listen: [...options.listenAddresses],
      announce: [...(options.announceAddresses ?? [])],
    },
    transports: options.transports ?? [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    // Nodes of one machine or one data centre reach each other by private addresses.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
      maxIncomingPendingConnections: MAX_INCOMING_PENDING_CONNECTIONS,
      dialTimeout: DIAL_TIMEOUT_MS,
    },
  };
}
