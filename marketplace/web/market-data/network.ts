import { callMarket } from './call-market.ts';
import * as as from './decode.ts';

const network = as.object({
  chainId: as.text,
  token: as.address,
  registry: as.address,
  market: as.address,
  /** Block of the first contract. */
  deployedAtBlock: as.count,
  epochSeconds: as.count,
  minimumEdgeStakeWei: as.wei,
  protocolFeeBps: as.count,
  indexedBlock: as.nullable(as.count),
  /** Unix seconds of the newest block. */
  blockTime: as.nullable(as.seconds),
  /** Of the first block: another one is another chain. */
  genesisHash: as.nullable(as.bytes32),
  /** How the marketplace is installed. */
  runsFrom: as.oneOf('checkout', 'package'),
  /** Null unless this is a development chain whose marketplace gives tokens away. */
  development: as.nullable(as.object({ faucet: as.flag, rpcPath: as.text })),
});

/** Contracts, epochs and chain of the marketplace. */
export type Network = as.Decoded<typeof network>;

export function fetchNetwork(signal?: AbortSignal): Promise<Network> {
  return callMarket({ path: '/v1/network', decode: network, signal });
}
