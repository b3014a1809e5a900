import type { Foundation } from '../foundation.ts';
import { reportOf } from '../node-error.ts';
import type { RingNode } from './ring-node.ts';

/** Edges from the registry that joining begins with. */
const MAX_SEEDS = 16;

/** Multiaddrs of other active edges, for joining the ring. */
export function ringSeeds(foundation: Foundation): string[] {
  return [...foundation.config.settings.bootstrap, ...otherEdges(foundation)].slice(0, MAX_SEEDS);
}

/** Hands the ring the edges of a newer registry snapshot. */
export function tellRing(foundation: Foundation, ring: RingNode): void {
  ring.registryRefreshed(otherEdges(foundation));
}

/** Reads the registry again for a key that knocked, then tells the ring. Never rejects. */
export async function refreshRing(foundation: Foundation, ring: RingNode): Promise<void> {
  try {
    await foundation.registry.refresh();
    tellRing(foundation, ring);
  } catch (error) {
    const { code, message } = reportOf(error);
    foundation.log.warn({ code, reason: message }, 'The registry could not be read for the ring');
  }
}

/** Those of a node's endpoints that speak libp2p. */
export function libp2pOf(endpoints: readonly string[]): string[] {
  return endpoints.filter((endpoint) => endpoint.includes('/p2p/'));
}

function otherEdges({ registry, node }: Foundation): string[] {
  const others = registry.activeEdges().filter(({ operator }) => operator !== node);
  return others.flatMap(({ endpoints }) => libp2pOf(endpoints).slice(0, 1));
}
