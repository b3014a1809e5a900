import { HTTP_TRANSPORT } from '../../../sdk/protocol/http.ts';
import type { CID } from 'multiformats/cid';
import { sendJson, type Exchange } from './exchange.ts';
import type { ContentProvider, ContentRouter } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import { LOOKUP_TIMEOUT_MS } from './gateway-limits.ts';

/** GET /routing/v1/providers/<cid>: who holds a content (IPIP-337), answered through the one-hop ring. */
export async function findProviders(
  router: ContentRouter | undefined,
  exchange: Exchange,
  cid: CID,
): Promise<void> {
  if (router === undefined) throw lookupFailed(cid, 'this node is not in the ring');
  const { providers, hops } = await lookup(router, cid);
  sendJson(exchange, 200, { Providers: providers.map(recordOf), Bcdn: { hops } });
}

async function lookup(router: ContentRouter, cid: CID): ReturnType<ContentRouter['lookup']> {
  try {
    return await router.lookup(cid, AbortSignal.timeout(LOOKUP_TIMEOUT_MS));
  } catch (cause) {
    const known = asGatewayError(cause);
    throw (
      known ?? lookupFailed(cid, cause instanceof Error ? cause.message : 'the ring did not answer', cause)
    );
  }
}

function recordOf({ peerId, addresses, operator, region }: ContentProvider): Record<string, unknown> {
  return {
    Schema: 'peer',
    ID: peerId,
    Addrs: addresses,
    Protocols: [HTTP_TRANSPORT],
    Bcdn: { operator, region },
  };
}

function lookupFailed(cid: CID, reason: string, cause?: unknown): GatewayError {
  return new GatewayError(503, 'LOOKUP_FAILED', {
    message: `The content could not be looked up: ${reason}.`,
    values: { cid: cid.toString() },
    remedy: 'Try again in a second, or ask another edge.',
    headers: { 'retry-after': '1' },
    cause,
  });
}
