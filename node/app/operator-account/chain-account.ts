import { Wallet, type JsonRpcProvider } from 'ethers';
import { openProvider, requireChain } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { DEVELOPMENT_CHAIN_ID } from '../../adapters/chain/chain-clock.ts';
import { ChainReader } from '../../adapters/chain/chain-reader.ts';
import {
  openOperatorKeystore,
  readKeystoreAddress,
  type OperatorKey,
} from '../../adapters/keystore/operator-keystore.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { DataDirLock } from '../config/data-dir-lock.ts';

/** On a chain that others use, too: what a reorganisation may take out, and how long a transaction may take (a third of the
 * margin that a claim's window has). */
const PUBLIC_CHAIN_SENDING = { confirmations: 3, timeoutMs: 300_000, pollIntervalMs: 1_000 } as const;

/** The operator's account on chain: what it is read with, and what sends its transactions. */
export interface ChainAccount {
  readonly node: Address;
  readonly reader: ChainReader;
  readonly sender: TransactionSender;
}

/** Sends the operator's transactions as its configuration says. */
export function senderOf(
  { deployment, settings }: Pick<NodeConfig, 'deployment' | 'settings'>,
  provider: JsonRpcProvider,
  key: OperatorKey,
): TransactionSender {
  return new TransactionSender(
    { provider, wallet: new Wallet(key.privateKey), deployment },
    {
      ...(deployment.chainId === DEVELOPMENT_CHAIN_ID ? {} : PUBLIC_CHAIN_SENDING),
      maxFeePerGasWei: settings.maxGasPriceWei,
    },
  );
}

/**
 * Does something with the account of a node that is stopped; the data directory is held meanwhile, so that two processes
 * never send for one account.
 *
 * @throws NodeError DATA_DIR_IN_USE; KeystoreError; ChainError CHAIN_UNREACHABLE, CHAIN_MISMATCH
 */
export async function withStoppedAccount<T>(
  config: NodeConfig,
  password: string,
  work: (account: ChainAccount) => Promise<T>,
): Promise<T> {
  const { dataDir, deployment, settings } = config;
  const lock = DataDirLock.acquire(dataDir);
  const endpoint = { url: settings.rpcUrl, chainId: deployment.chainId };
  const provider = openProvider(endpoint);
  try {
    const key = await openOperatorKeystore(dataDir.keystore, password);
    await requireChain(provider, endpoint);
    const reader = new ChainReader({ provider, deployment });
    return await work({
      node: parseAddress(key.address),
      reader,
      sender: senderOf(config, provider, key),
    });
  } finally {
    provider.destroy();
    lock.release();
  }
}

/** Reads about the account of a node that may be stopped; its key stays closed. @throws KeystoreError; ChainError */
export async function withAccountReader<T>(
  { dataDir, deployment, settings }: NodeConfig,
  work: (account: Pick<ChainAccount, 'node' | 'reader'>) => Promise<T>,
): Promise<T> {
  const node = parseAddress(await readKeystoreAddress(dataDir.keystore));
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    await requireChain(provider, { url: settings.rpcUrl, chainId: deployment.chainId });
    return await work({ node, reader: new ChainReader({ provider, deployment }) });
  } finally {
    provider.destroy();
  }
}
