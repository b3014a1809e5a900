import {
  openingCall,
  readAllowance,
  readDealState,
  type ContractReader,
} from '../../../sdk/chain/market-calls.ts';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import { PERMIT_LIFETIME_SECONDS, permitOf, permitToSign } from '../../../sdk/chain/permits.ts';
import type { Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { amountText, shortageText } from '../../../sdk/ui/figures.ts';
import type { Network } from '../market-data/network.ts';
import { readTokens } from '../wallet/account-balance.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { Draft } from './draft.ts';
import { NewDistributionError } from './failure.ts';

/** Ether that a transaction may need and an account must have: a tenth is spent at usual prices. */
const MIN_GAS_WEI = 10n ** 15n;

export function deploymentOf(network: Network): Deployment {
  return {
    chainId: BigInt(network.chainId),
    token: parseAddress(network.token),
    registry: parseAddress(network.registry),
    market: parseAddress(network.market),
    deployedAtBlock: 0,
  };
}

export const readerOf =
  (wallet: Wallet): ContractReader =>
  (call) =>
    wallet.call(call);

/** What the account must hold, said before it is asked. @throws NewDistributionError TOKENS_SHORT, GAS_SHORT */
export async function requireFunds(wallet: Wallet, token: Address, needWei: bigint): Promise<void> {
  const [haveWei, etherWei] = await Promise.all([readTokens(wallet, token), wallet.etherWei()]);
  if (haveWei < needWei) {
    throw new NewDistributionError(
      'TOKENS_SHORT',
      shortageText(amountText(needWei), amountText(haveWei)),
      'Send tokens to this account, or ask for fewer viewers or copies.',
    );
  }
  if (etherWei < MIN_GAS_WEI) {
    throw new NewDistributionError(
      'GAS_SHORT',
      'You need ether for the fee of the transaction and have none to speak of.',
      'Send some ether to this account.',
    );
  }
}

/**
 * Refuses a wallet whose chain has another first block than the one that the draft is for: the number of a chain does not
 * tell a restarted chain from the one before it, nor two development chains from each other.
 * @throws NewDistributionError CHAIN_DIFFERS; WalletError
 */
export async function requireChain(wallet: Wallet, draft: Draft): Promise<void> {
  const genesisHash = await wallet.genesisHash();
  if (genesisHash === draft.genesisHash) return;
  throw new NewDistributionError(
    'CHAIN_DIFFERS',
    `You need the chain with the first block ${draft.genesisHash.slice(0, 18)}…, your wallet reaches the one with ${genesisHash.slice(0, 18)}…; both have the number ${draft.chainId}.`,
    'Nothing was signed or sent. If the chain was started anew, reload this page; else correct the RPC address of the chain in the wallet.',
  );
}

/**
 * A permit over an amount that the market is to pull, asked of the wallet; undefined where it may pull as much already.
 * @throws WalletError
 */
export async function permitFor(wallet: Wallet, network: Network, amountWei: bigint) {
  const deployment = deploymentOf(network);
  const { allowanceWei, nonce } = await readAllowance(readerOf(wallet), deployment, wallet.address);
  if (amountWei === 0n || allowanceWei >= amountWei) return undefined;
  const now = Math.max(network.blockTime ?? 0, Math.floor(Date.now() / 1_000));
  const deadline = BigInt(now + PERMIT_LIFETIME_SECONDS);
  const spender = deployment.market;
  const { domain, types, value } = permitToSign(deployment, {
    ...{ owner: wallet.address, spender, valueWei: amountWei, nonce, deadline },
  });
  return { permit: permitOf(await wallet.signTypedData(domain, types, value), deadline), amountWei };
}

/** Asks the wallet to sign the permit and to send the one transaction. @throws WalletError, NewDistributionError */
export async function openDistribution(wallet: Wallet, network: Network, draft: Draft): Promise<Hex> {
  const { salt, collector, grantKey, contentRoot, contentCodec, serviceLevel, depositWei, dealId } = draft;
  await requireChain(wallet, draft);
  await requireFunds(wallet, parseAddress(network.token), depositWei);
  const permit = await permitFor(wallet, network, depositWei);
  const deal = { salt, collector, grantKey, contentRoot, contentCodec, serviceLevel, depositWei };
  const allocations = draft.nodes.map(({ node, amountWei, ratePerGiB }) => ({ node, amountWei, ratePerGiB }));
  return wallet.sendTransaction({
    to: network.market,
    data: openingCall({ deal, dealId, allocations, permit }),
  });
}

/** Whether the deal of a draft is on the chain. @throws WalletError */
export async function lookForDeal(
  wallet: Wallet,
  network: Network,
  draft: Draft,
): Promise<'none' | 'open' | 'closing' | 'closed'> {
  const found = await readDealState(readerOf(wallet), deploymentOf(network), draft.dealId);
  return found?.state ?? 'none';
}
