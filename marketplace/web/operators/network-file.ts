import type { Network } from '../market-data/network.ts';

/** Name of the file that `bcdn-node init --deployment` reads. */
export const NETWORK_FILE = 'deployment.json';

/** The contracts of a network as that file has them (sdk/chain/deployment.ts). */
export function networkFile({ chainId, token, registry, market, deployedAtBlock }: Network): string {
  return JSON.stringify({ chainId, token, registry, market, deployedAtBlock });
}

/** Where a page can have the file from, without asking anybody. */
export function networkFileUrl(network: Network): string {
  return `data:application/json,${encodeURIComponent(networkFile(network))}`;
}
