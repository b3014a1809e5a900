import { createHost, type Host } from '../adapters/libp2p/host.ts';
import type { Foundation } from './foundation.ts';
import { NodeError } from './node-error.ts';

/** The node's libp2p host for the addresses that its operator set; it does not listen yet. */
export async function hostOf({ keys, config }: Foundation): Promise<Host> {
  const { listenHost, tcpPort, wsPort } = config.settings;
  const ip = listenHost.includes(':') ? 'ip6' : 'ip4';
  return createHost({
    privateKey: keys.libp2p,
    listenAddresses: [`/${ip}/${listenHost}/tcp/${tcpPort}`, `/${ip}/${listenHost}/tcp/${wsPort}/ws`],
  });
}

/** Begins to listen. @throws NodeError PORT_IN_USE */
export async function listen(host: Host, { config }: Foundation): Promise<void> {
  const { listenHost, tcpPort, wsPort } = config.settings;
  try {
    await host.start();
  } catch (cause) {
    throw new NodeError('PORT_IN_USE', {
      message: `libp2p cannot listen on ${listenHost}, ports ${tcpPort} (TCP) and ${wsPort} (WebSocket).`,
      remedy: 'Choose other ports with --tcp-port and --ws-port, or 0 to let the system choose.',
      values: { host: listenHost, tcpPort, wsPort },
      cause,
    });
  }
}
