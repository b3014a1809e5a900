import { HTTP_TRANSPORT } from '../../../sdk/protocol/http.ts';
import type { CID } from 'multiformats/cid';
import { sendJson, type Exchange } from './exchange.ts';
import type { ContentProvider } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import type { ProviderLookups } from './provider-lookups.ts';

/**
 * GET /routing/v1/providers/<cid>: who holds a content (IPIP-337), answered through the cooperation group and the
 * one-hop ring. With `?servers=<n>` the group's word is enough if it names so many; without it the ring's index
 * decides, and names all it knows.
 */
export async function findProviders(lookups: ProviderLookups, exchange: Exchange, cid: CID): Promise<void> {
  const servers = wantedServers(exchange.query);
  const { providers, hops } = await lookups.find(cid, servers);
  sendJson(exchange, 200, { Providers: providers.map(recordOf), Bcdn: { hops } });
}

/** @throws GatewayError QUERY_INVALID */
function wantedServers(query: string): number {
  const text = query === '' ? null : new URLSearchParams(query).get('servers');
  if (text === null) return Infinity;
  const servers = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (servers >= 1) return servers;
  throw new GatewayError(400, 'QUERY_INVALID', {
    message: 'The number of servers wanted is no number from 1 on.',
    values: { servers: text.slice(0, 32) },
    remedy: 'Use ?servers=1 for the nearest ones, or leave it out for all.',
  });
}

function recordOf({ peerId, addresses, operator, region, reason }: ContentProvider): Record<string, unknown> {
  return {
    Schema: 'peer',
    ID: peerId,
    Addrs: addresses,
    Protocols: [HTTP_TRANSPORT],
    Bcdn: { operator, region, ...(reason === undefined ? {} : { reason }) },
  };
}
