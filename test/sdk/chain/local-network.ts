import { Wallet, type JsonRpcProvider } from 'ethers';

import { deployBcdn } from '../../../scripts/deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../../../scripts/deploy/local-chain.ts';
import { DEPLOY_PARAMETERS } from '../../../scripts/deploy/parameters.ts';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { transferTokens } from '../../../sdk/chain/tokens.ts';
import { TransactionSender, type SendingOptions } from '../../../sdk/chain/transactions.ts';

export const TOKEN = 10n ** 18n;

/** A real chain process with the contracts and funded senders. */
export interface LocalNetwork {
  readonly chain: LocalChain;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  readonly privateKeys: readonly string[];
  /** A sender with the key of an account; account 0 holds all tokens at first. */
  sender(
    account: number,
    options?: SendingOptions & { readonly provider?: JsonRpcProvider },
  ): TransactionSender;
  fund(account: number, amountWei: bigint): Promise<void>;
  stop(): Promise<void>;
}

export async function startLocalNetwork(): Promise<LocalNetwork> {
  const chain = await startLocalChain();
  const provider = openProvider(chain);
  const key = (account: number): string => chain.privateKeys[account] ?? '';
  const deployment = await deployBcdn(new Wallet(key(0), provider), DEPLOY_PARAMETERS.development);
  const sender: LocalNetwork['sender'] = (account, options = {}) =>
    new TransactionSender(
      { provider: options.provider ?? provider, wallet: new Wallet(key(account)), deployment },
      { pollIntervalMs: 20, ...options },
    );
  const owner = sender(0);
  return {
    chain,
    provider,
    deployment,
    privateKeys: chain.privateKeys,
    sender,
    fund: async (account, amountWei) => {
      await transferTokens(owner, sender(account).address, amountWei);
    },
    stop: async () => {
      provider.destroy();
      await chain.stop();
    },
  };
}
