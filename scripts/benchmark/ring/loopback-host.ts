import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify, type Identify } from '@libp2p/identify';
import type { Ed25519PrivateKey, Libp2p, ServiceMap } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { ping, type Ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { sha256 } from '@noble/hashes/sha2.js';
import { createLibp2p, type ServiceFactoryMap } from 'libp2p';

import { utf8ToBytes } from '../../../sdk/protocol/bytes.ts';

/** As in the node's host: a stream's window, and limits that many nodes on one address need. */
const MAX_STREAM_WINDOW_BYTES = 1_048_576;
const INBOUND_CONNECTIONS_PER_SECOND = 1_000;
const MAX_CONNECTIONS = 1_000;
const DIAL_TIMEOUT_MS = 5_000;

interface BaseServices extends ServiceMap {
  identify: Identify;
  ping: Ping;
}

/** The key of a bench node: the same number has the same key in every process. */
export async function keyOfNode(number: number): Promise<Ed25519PrivateKey> {
  return await generateKeyPairFromSeed('Ed25519', sha256(utf8ToBytes(`bench node ${number}`)));
}

/** The host of either system: TCP on the loopback interface, Noise, yamux, and nothing that talks by itself. */
export async function loopbackHost<S extends ServiceMap>(
  privateKey: Ed25519PrivateKey,
  services: Pick<ServiceFactoryMap<BaseServices & S>, keyof S>,
): Promise<Libp2p<BaseServices & S>> {
  const base: ServiceFactoryMap<BaseServices> = { identify: identify(), ping: ping() };
  return await createLibp2p<BaseServices & S>({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
      maxIncomingPendingConnections: MAX_CONNECTIONS,
      dialTimeout: DIAL_TIMEOUT_MS,
    },
    services: { ...base, ...services } as ServiceFactoryMap<BaseServices & S>,
  });
}
