import { Contract, Interface, type ContractRunner } from 'ethers';

import type { Deployment } from './deployment.ts';
import { bcdnTokenAbi, dealClaimsAbi, dealMarketAbi, nodeRegistryAbi } from './generated/abi.ts';
import type { BcdnToken, DealClaims, DealMarket, NodeRegistry } from './generated/types/index.ts';

export type { BcdnToken, DealClaims, DealMarket, NodeRegistry } from './generated/types/index.ts';

/** Interfaces for encoding calls and decoding events and errors. */
export const tokenInterface = new Interface(bcdnTokenAbi);
export const registryInterface = new Interface(nodeRegistryAbi);
export const marketInterface = new Interface(dealMarketAbi);
/** Sampled claims and peer pools: called at the address of the market. */
export const claimsInterface = new Interface(dealClaimsAbi);

/** The contracts of a deployment, typed. */
export interface Contracts {
  readonly token: BcdnToken;
  readonly registry: NodeRegistry;
  readonly market: DealMarket;
  /** Sampled claims and peer pools, at the address of the market. */
  readonly claims: DealClaims;
}

/**
 * Binds the contracts of a deployment.
 *
 * @param runner a provider for reading, a connected signer for writing.
 */
export function connectContracts(runner: ContractRunner, deployment: Deployment): Contracts {
  const bind = <T>(address: string, face: Interface): T => new Contract(address, face, runner) as T;
  return {
    token: bind<BcdnToken>(deployment.token, tokenInterface),
    registry: bind<NodeRegistry>(deployment.registry, registryInterface),
    market: bind<DealMarket>(deployment.market, marketInterface),
    claims: bind<DealClaims>(deployment.market, claimsInterface),
  };
}
