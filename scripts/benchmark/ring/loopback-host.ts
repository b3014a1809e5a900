import { identify, type Identify } from '@libp2p/identify';
import type { Ed25519PrivateKey, Libp2p, ServiceMap } from '@libp2p/interface';
import { ping, type Ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { createLibp2p, type ServiceFactoryMap } from 'libp2p';

import { connectionOptions } from '../../../node/adapters/libp2p/host.ts';

interface BaseServices extends ServiceMap {
  identify: Identify;
  ping: Ping;
}

/**
 * The host of either system, started: it connects like a node's, by TCP on the loopback interface only, and has nothing
 * that talks by itself.
 */
export async function loopbackHost<S extends ServiceMap>(
  privateKey: Ed25519PrivateKey,
  services: Pick<ServiceFactoryMap<BaseServices & S>, keyof S>,
): Promise<Libp2p<BaseServices & S>> {
  const base: ServiceFactoryMap<BaseServices> = { identify: identify(), ping: ping() };
  const options = { privateKey, listenAddresses: ['/ip4/127.0.0.1/tcp/0'], transports: [tcp()] };
  return await createLibp2p<BaseServices & S>({
    ...connectionOptions(options),
    start: true,
    services: { ...base, ...services } as ServiceFactoryMap<BaseServices & S>,
  });
}
