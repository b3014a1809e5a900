import type { JsonRpcProvider } from 'ethers';

import type { Address } from '../protocol/identifiers.ts';
import { connectContracts, tokenInterface } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import { fromChain } from './reverts.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** Tokens an account holds, wei. @throws ChainError CHAIN_UNREACHABLE */
export async function readTokenBalance(
  provider: JsonRpcProvider,
  deployment: Deployment,
  account: Address,
): Promise<bigint> {
  return fromChain(connectContracts(provider, deployment).token.balanceOf(account));
}

/** Sends tokens. @throws ChainError as `TransactionSender.send` */
export async function transferTokens(
  sender: TransactionSender,
  to: Address,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> {
  const data = tokenInterface.encodeFunctionData('transfer', [to, amountWei]);
  return sender.send({ to: sender.deployment.token, data }, signal);
}

/** Approves a contract to pull exactly `amountWei`. @throws ChainError as `TransactionSender.send` */
export async function approveTokens(
  sender: TransactionSender,
  spender: Address,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> {
  const data = tokenInterface.encodeFunctionData('approve', [spender, amountWei]);
  return sender.send({ to: sender.deployment.token, data }, signal);
}
