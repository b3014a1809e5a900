import { signal, type ReadonlySignal } from '@preact/signals';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import type { AnnouncedWallet, Eip1193Provider } from './announced-wallets.ts';
import { quantityOf, type ChainAccess } from './chain-access.ts';
import { InjectedWallet, providerAccess } from './injected-wallet.ts';
import { providerFailure } from './provider-failure.ts';
import type { Wallet } from './wallet.ts';
import { WalletError } from './wallet-error.ts';

/** How things stand with the wallet. */
export type WalletState =
  | { readonly status: 'none' }
  | { readonly status: 'connecting'; readonly name: string }
  | { readonly status: 'connected'; readonly name: string; readonly wallet: Wallet }
  | { readonly status: 'failed'; readonly name: string; readonly failure: WalletError };

/** Which wallet this browser used last: an injected one by its reverse domain name. */
export const BURNER_CHOICE = 'bcdn.burner';
const CHOICE_KEY = 'bcdn-wallet';

/** What a connection needs of its surroundings. */
export interface ConnectionComponents {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

/** A chain as wallets are told of it (EIP-3085). */
export interface OfferedChain {
  readonly chainId: bigint;
  readonly name: string;
  readonly rpcUrl: string;
}

/** The one wallet that the pages use, through changes of account and chain. */
export class WalletConnection {
  readonly #storage: ConnectionComponents['storage'];
  readonly #state = signal<WalletState>({ status: 'none' });
  #current: AnnouncedWallet | undefined;
  #stopListening: () => void = () => undefined;

  constructor({ storage }: ConnectionComponents) {
    this.#storage = storage;
  }

  get state(): ReadonlySignal<WalletState> {
    return this.#state;
  }

  /** What was used last, so that it can be connected again without a question. */
  get rememberedChoice(): string | undefined {
    return this.#storage.getItem(CHOICE_KEY) ?? undefined;
  }

  /**
   * Connects a wallet that announced itself. Failures become a state.
   * @param quietly only if it has allowed this page before: nothing is asked
   */
  async connect(announced: AnnouncedWallet, quietly = false): Promise<void> {
    this.#stopListening();
    this.#current = announced;
    const { name, provider, rdns } = announced;
    if (!quietly) this.#state.value = { status: 'connecting', name };
    try {
      await this.#readAccount(announced, quietly ? 'eth_accounts' : 'eth_requestAccounts');
      this.#storage.setItem(CHOICE_KEY, rdns);
      this.#listen(announced, provider);
    } catch (failure) {
      this.#state.value = quietly
        ? { status: 'none' }
        : { status: 'failed', name, failure: providerFailure(failure, 'eth_requestAccounts') };
    }
  }

  /** Uses an account whose key is kept by this browser. */
  useBurner(wallet: Wallet): void {
    this.#stopListening();
    this.#current = undefined;
    this.#storage.setItem(CHOICE_KEY, BURNER_CHOICE);
    this.#state.value = { status: 'connected', name: 'Burner account', wallet };
  }

  /** Shows a failure in place of a wallet. */
  fail(name: string, failure: WalletError): void {
    this.#state.value = { status: 'failed', name, failure };
  }

  disconnect(): void {
    this.#stopListening();
    this.#current = undefined;
    this.#storage.removeItem(CHOICE_KEY);
    this.#state.value = { status: 'none' };
  }

  /**
   * Has the wallet change to a chain, and learn of it first where it does not know it.
   * @throws WalletError WALLET_REJECTED, WALLET_GONE, WALLET_FAILED
   */
  async changeChain(chain: OfferedChain): Promise<void> {
    const announced = this.#current;
    if (announced === undefined) throw new WalletError('WALLET_GONE', 'No wallet is connected.');
    const access = providerAccess(announced.provider);
    const chainId = `0x${chain.chainId.toString(16)}`;
    try {
      await access.request('wallet_switchEthereumChain', [{ chainId }]);
    } catch (failure) {
      if (!(failure instanceof WalletError) || failure.code !== 'WALLET_CHAIN_UNKNOWN') throw failure;
      await access.request('wallet_addEthereumChain', [addedChain(chain, chainId)]);
    }
    await this.#readAccount(announced, 'eth_accounts');
  }

  async #readAccount(announced: AnnouncedWallet, method: string): Promise<void> {
    const access = providerAccess(announced.provider);
    const address = firstAccount(await access.request(method, []));
    const chainId = await chainOf(access);
    if (this.#current !== announced) return;
    const wallet = new InjectedWallet(announced.provider, { address, chainId });
    this.#state.value = { status: 'connected', name: announced.name, wallet };
  }

  #listen(announced: AnnouncedWallet, provider: Eip1193Provider): void {
    const changed = (): void => {
      this.#readAccount(announced, 'eth_accounts').catch((failure: unknown) => {
        if (this.#current !== announced) return;
        this.#state.value = {
          status: 'failed',
          name: announced.name,
          failure: providerFailure(failure, 'eth_accounts'),
        };
      });
    };
    const gone = (reason: unknown): void => {
      if (this.#current !== announced) return;
      const failure = new WalletError('WALLET_GONE', 'The wallet has left this page.', { cause: reason });
      this.#state.value = { status: 'failed', name: announced.name, failure };
    };
    const listeners = [
      ['accountsChanged', changed],
      ['chainChanged', changed],
      ['connect', changed],
      ['disconnect', gone],
    ] as const;
    for (const [event, listener] of listeners) provider.on?.(event, listener);
    this.#stopListening = () => {
      for (const [event, listener] of listeners) provider.removeListener?.(event, listener);
    };
  }
}

async function chainOf(access: ChainAccess): Promise<bigint> {
  return quantityOf(await access.request('eth_chainId', []), 'eth_chainId');
}

function firstAccount(accounts: unknown) {
  const first: unknown = Array.isArray(accounts) ? accounts[0] : undefined;
  if (typeof first === 'string') return parseAddress(first);
  throw new WalletError('WALLET_LOCKED', 'The wallet shows no account to this page.');
}

function addedChain({ name, rpcUrl }: OfferedChain, chainId: string) {
  return {
    chainId,
    chainName: name,
    rpcUrls: [rpcUrl],
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  };
}
