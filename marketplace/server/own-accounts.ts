import { Wallet } from 'ethers';
import type { Logger } from 'pino';

import type { Deployment } from '../../sdk/chain/deployment.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { PeerRootPosting } from '../coordinator/peer-root-posting.ts';
import type { PeerRoots } from '../coordinator/peer-roots.ts';
import type { Database } from '../database/database.ts';
import { Faucet } from '../development/faucet.ts';
import { RpcDoor } from '../development/rpc-door.ts';
import { describeFailure, MarketplaceError } from '../errors.ts';

/** Chains whose time is moved at will, and whose tokens are worth nothing. */
export const DEVELOPMENT_CHAIN_ID = 31_337n;

/** Wait between two looks at whether a gift was mined: development chains mine at once. */
const FAUCET_POLL_MS = 50;

interface AccountOptions {
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  readonly posterKey?: string;
  readonly development?: { readonly faucetKey?: string };
}

/** Where the coordinator has an account of its own. */
export function openPosting(parts: {
  database: Database;
  clock: Clock;
  roots: PeerRoots;
  options: AccountOptions;
  logger: Logger;
}): PeerRootPosting | undefined {
  const { database, clock, roots, options, logger } = parts;
  if (options.posterKey === undefined) return undefined;
  return new PeerRootPosting({
    ...{ database, clock, roots, sender: senderOf(options.posterKey, options) },
    onPosted: (dealId, sequence) => logger.info({ dealId, sequence }, 'Posted a peer root.'),
    onFailure: (dealId, failure) =>
      logger.warn({ dealId, reason: describeFailure(failure) }, 'A peer root was not posted.'),
  });
}

/** What only a development chain has. @throws MarketplaceError DEVELOPMENT_CHAIN_ONLY */
export function openDevelopment(
  options: AccountOptions,
): { readonly faucet: Faucet | undefined; readonly rpc: RpcDoor } | undefined {
  const { development, deployment, rpcUrl } = options;
  if (development === undefined) return undefined;
  if (deployment.chainId !== DEVELOPMENT_CHAIN_ID) {
    throw new MarketplaceError(
      'DEVELOPMENT_CHAIN_ONLY',
      `Chain ${deployment.chainId} is no development chain; chain ${DEVELOPMENT_CHAIN_ID} is.`,
      { chainId: deployment.chainId.toString(), developmentChainId: DEVELOPMENT_CHAIN_ID.toString() },
    );
  }
  const { faucetKey } = development;
  const faucet =
    faucetKey === undefined ? undefined : new Faucet(senderOf(faucetKey, options, FAUCET_POLL_MS));
  return { faucet, rpc: new RpcDoor(rpcUrl) };
}

function senderOf(
  key: string,
  { rpcUrl, deployment }: AccountOptions,
  pollIntervalMs?: number,
): TransactionSender {
  const provider = openProvider({ url: rpcUrl, chainId: deployment.chainId });
  const parts = { provider, wallet: new Wallet(key), deployment };
  return new TransactionSender(parts, { ...(pollIntervalMs !== undefined && { pollIntervalMs }) });
}
