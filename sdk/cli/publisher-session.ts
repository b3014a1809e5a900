import { readFile } from 'node:fs/promises';

import { Wallet, type JsonRpcProvider } from 'ethers';

import { decodeDeployment, type Deployment } from '../chain/deployment.ts';
import { openProvider, requireChain } from '../chain/provider.ts';
import { TransactionSender } from '../chain/transactions.ts';
import { systemClock } from '../pacing/clock.ts';
import { MarketplaceApi } from '../client/marketplace-api.ts';
import { UndiciExchange } from '../client/undici-exchange.ts';
import { bytesToHex } from '../protocol/bytes.ts';
import { CliError } from './cli-error.ts';
import { openPublisherKey } from './publisher-key.ts';
import type { SettingName } from './settings/setting-names.ts';
import type { Settings } from './settings/settings.ts';

/** Settings that a session with a key needs. */
export const SESSION_SETTINGS: readonly SettingName[] = [
  'marketplace',
  'rpc',
  'deployment',
  'keystore',
  'passwordFile',
];

/** What the commands of a publisher work with. */
export interface PublisherSession {
  readonly marketplaceUrl: string;
  readonly api: MarketplaceApi;
  readonly deployment: Deployment;
  readonly provider: JsonRpcProvider;
  readonly sender: TransactionSender;
}

/**
 * Opens marketplace, chain and the publisher's key, lets work use them, and closes them.
 * @throws CliError OPTION_MISSING, KEYSTORE_UNREADABLE, PASSWORD_*, DEPLOYMENT_DIFFERS; ClientError; ChainError
 */
export async function withPublisher<T>(
  settings: Settings,
  work: (session: PublisherSession) => Promise<T>,
): Promise<T> {
  const marketplaceUrl = settings.require('marketplace');
  const rpcUrl = settings.require('rpc');
  const http = new UndiciExchange();
  let provider: JsonRpcProvider | undefined;
  try {
    const api = new MarketplaceApi({ http, clock: systemClock }, marketplaceUrl);
    const deployment = await deploymentOf(settings, api);
    const key = await openPublisherKey(settings);
    const chain = { url: rpcUrl, chainId: deployment.chainId };
    provider = openProvider(chain);
    await requireChain(provider, chain);
    const sender = new TransactionSender({
      provider,
      wallet: new Wallet(bytesToHex(key), provider),
      deployment,
    });
    return await work({ marketplaceUrl, api, deployment, provider, sender });
  } finally {
    provider?.destroy();
    await http.close();
  }
}

/** The contracts by the publisher's own file, else as the marketplace names them. */
async function deploymentOf(settings: Settings, api: MarketplaceApi): Promise<Deployment> {
  const { chainId, token, registry, market } = await api.network();
  const named: Deployment = { chainId, token, registry, market, deployedAtBlock: 0 };
  const file = settings.get('deployment');
  if (file === undefined) return named;
  const own = decodeDeployment(await textOf(file));
  if (own.chainId === chainId && own.market === market && own.token === token) return own;
  throw new CliError('DEPLOYMENT_DIFFERS', `The marketplace works with other contracts than ${file} names.`, {
    values: { file, ownMarket: own.market, itsMarket: market },
    remedy: 'Use the marketplace of your contracts; send no money to others.',
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliError('OPTION_INVALID', `${file} cannot be read.`, {
      values: { file },
      remedy: 'Give --deployment with the JSON file that the deployment of the contracts wrote.',
      cause,
    });
  }
}
