import { generateKeyPair } from '@libp2p/crypto/keys';

import { BlockFill } from '../../../node/adapters/http/block-fill.ts';
import type { GatewayComponents } from '../../../node/adapters/http/gateway-components.ts';
import { DeliveryServer } from '../../../node/adapters/libp2p/delivery-server.ts';
import { createBareHost } from '../../../node/adapters/libp2p/host.ts';
import { paidBlocks } from '../../../node/adapters/libp2p/paid-blocks.ts';
import { deliveryProtocol } from '../../../sdk/libp2p/delivery-protocol.ts';

/**
 * Serves what a gateway serves for grants over libp2p streams as well: the same desk, blocks and cap.
 * @returns multiaddrs
 */
export async function serveStreams(components: GatewayComponents): Promise<string[]> {
  const host = await createBareHost({
    privateKey: await generateKeyPair('Ed25519'),
    listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
  });
  const { desk, domain, log } = components;
  const blocks = paidBlocks({ ...components, blockFill: new BlockFill(components) });
  const onFailure = (error: unknown): void => {
    log.warn({ error }, 'A stream failed.');
  };
  const server = new DeliveryServer(
    { host, desk, blocks, onFailure },
    { protocol: deliveryProtocol(domain) },
  );
  await host.start();
  await server.start();
  return host.getMultiaddrs().map(String);
}
