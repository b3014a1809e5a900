import type { Interface } from 'ethers';

import { claimsInterface, marketInterface, registryInterface } from './contracts.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** Sends one call of a contract by the name of its function. @throws ChainError as `TransactionSender.send` */
export type ContractCaller = (
  sender: TransactionSender,
  name: string,
  args: readonly unknown[],
  signal: AbortSignal | undefined,
) => Promise<MinedTransaction>;

const callerOf =
  (contract: 'market' | 'registry', face: Interface): ContractCaller =>
  async (sender, name, args, signal) =>
    sender.send({ to: sender.deployment[contract], data: face.encodeFunctionData(name, args) }, signal);

export const callMarket = callerOf('market', marketInterface);
/** Peer pools, like claims, are called at the address of the market (contracts/README.md). */
export const callPeerPool = callerOf('market', claimsInterface);
export const callRegistry = callerOf('registry', registryInterface);
