import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import type { Network } from '../market-data/network.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import { burnerKeyOfBrowser, keptBurnerKey } from './burner-key.ts';
import { BURNER_CHAIN_ID, BurnerWallet } from './burner-wallet.ts';
import { developmentChain } from './development-chain.ts';
import { discoveredWallets } from './discovery.ts';
import { providerFailure } from './provider-failure.ts';
import type { Wallet } from './wallet.ts';
import { BURNER_CHOICE, WalletConnection, type WalletState } from './wallet-connection.ts';
import { WalletError } from './wallet-error.ts';

const connection = new WalletConnection({ storage: localStorage });
const isChooserOpen = signal(false);
const hasResumed = signal(false);

/** What pages know of the wallet and can ask of it. */
export interface WalletUse {
  readonly state: WalletState;
  /** Connected and on the marketplace's chain: it can sign. */
  readonly wallet: Wallet | undefined;
  /** Connected, but on another chain than the marketplace's. */
  readonly isOnWrongChain: boolean;
  /** The chain is one on which this page may make an account. */
  readonly canBurn: boolean;
  /** Opens the list of wallets. */
  readonly choose: () => void;
  readonly disconnect: () => void;
  /** Has the wallet change to the marketplace's chain; failures become the state. */
  readonly changeChain: () => Promise<void>;
  /** Uses the account that this browser keeps, and makes one where there is none. */
  readonly useBurner: () => Promise<void>;
}

/** The wallet, redrawn when it changes. */
export function useWallet(): WalletUse {
  const { value: network } = useNetwork();
  const state = connection.state.value;
  const connected = state.status === 'connected' ? state.wallet : undefined;
  const isOnChain = network !== undefined && connected?.chainId === BigInt(network.chainId);
  return {
    state,
    wallet: isOnChain ? connected : undefined,
    isOnWrongChain: network !== undefined && connected !== undefined && !isOnChain,
    canBurn: canBurn(network),
    choose: () => {
      isChooserOpen.value = true;
    },
    disconnect: () => {
      isChooserOpen.value = false;
      connection.disconnect();
    },
    changeChain: () => changeChain(network),
    useBurner: () => openBurner(network),
  };
}

/** Connects what was used last, once, without asking anything. */
export function useRememberedWallet(): void {
  const { value: network } = useNetwork();
  const wallets = discoveredWallets().value;
  const choice = connection.rememberedChoice;
  useEffect(() => {
    if (network === undefined || choice === undefined || hasResumed.value) return;
    const announced = wallets.find(({ rdns }) => rdns === choice);
    const hasBurner = choice === BURNER_CHOICE && keptBurnerKey() !== undefined && canBurn(network);
    if (announced === undefined && !hasBurner) return;
    hasResumed.value = true;
    void (announced === undefined ? openBurner(network) : connection.connect(announced, true));
  }, [network, wallets, choice]);
}

export { connection, isChooserOpen };

function canBurn(network: Network | undefined): boolean {
  return network?.development != null && BigInt(network.chainId) === BURNER_CHAIN_ID;
}

async function openBurner(network: Network | undefined): Promise<void> {
  try {
    if (network?.development == null) {
      throw new WalletError('BURNER_UNAVAILABLE', 'This marketplace is not on a development chain.');
    }
    const chain = developmentChain(network.development.rpcPath);
    connection.useBurner(await BurnerWallet.open(chain, burnerKeyOfBrowser()));
  } catch (failure) {
    connection.fail('Burner account', providerFailure(failure, 'burner'));
  }
}

async function changeChain(network: Network | undefined): Promise<void> {
  if (network === undefined) return;
  const { chainId, development } = network;
  const rpcUrl = development === null ? '' : new URL(development.rpcPath, location.origin).href;
  try {
    await connection.changeChain({ chainId: BigInt(chainId), name: `bcdn (chain ${chainId})`, rpcUrl });
  } catch (failure) {
    connection.fail('Wallet', providerFailure(failure, 'wallet_switchEthereumChain'));
  }
}
