import { domainOf } from '../../sdk/chain/deployment.ts';
import { deliveryProtocol } from '../../sdk/libp2p/delivery-protocol.ts';
import { DeliveryServer } from '../adapters/libp2p/delivery-server.ts';
import type { Host } from '../adapters/libp2p/host.ts';
import { paidBlocks } from '../adapters/libp2p/paid-blocks.ts';
import type { DeliveryPlane } from './delivery-plane.ts';
import type { Foundation } from './foundation.ts';
import { reportOf } from './node-error.ts';

/** Blocks for grants over libp2p streams, by the desk, the blocks and the fill of the delivery plane; not started. */
export function composeStreams(
  { config, log }: Foundation,
  { host, delivery }: { readonly host: Host; readonly delivery: DeliveryPlane },
): DeliveryServer {
  return new DeliveryServer(
    {
      host,
      desk: delivery.desk,
      blocks: paidBlocks(delivery),
      onFailure: (error) => {
        const { code, message } = reportOf(error);
        log.debug({ code, reason: message }, 'A stream of a viewer failed');
      },
    },
    { protocol: deliveryProtocol(domainOf(config.deployment)) },
  );
}
