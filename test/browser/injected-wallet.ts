import { JsonRpcProvider, NonceManager, Wallet, type TypedDataField } from 'ethers';
import type { Page } from 'playwright-core';

/** A question that a page put to the wallet. */
export interface WalletQuestion {
  readonly method: string;
}

const REJECTED = 4001;
const NAME = 'Test wallet';

/**
 * A wallet as an extension injects it: announced by EIP-6963, asked by EIP-1193, its key kept outside of the page. Signs
 * and sends what it is asked unless it is told to refuse.
 */
export class InjectedWallet {
  /** Questions that need the person: signatures and transactions. */
  readonly confirmed: WalletQuestion[] = [];
  /** Refuses the next questions as a person would. */
  refuses = false;
  /** The chain that it says it is on, until a page asks it to change. */
  otherChain: string | undefined;
  /** What happens between an answer and the page that hears it. */
  answering: (method: string) => Promise<void> = async () => undefined;
  readonly address: string;
  readonly #provider: JsonRpcProvider;
  readonly #wallet: Wallet;
  readonly #sender: NonceManager;

  constructor(rpcUrl: string, privateKey: string) {
    this.#provider = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 });
    this.#wallet = new Wallet(privateKey, this.#provider);
    this.#sender = new NonceManager(this.#wallet);
    this.address = this.#wallet.address;
  }

  /** Has every document of the page find the wallet. */
  async injectInto(page: Page): Promise<void> {
    await page.exposeFunction('bcdnTestWallet', (text: string) => this.#answer(text));
    await page.addInitScript(announce, { name: NAME, bridge: 'bcdnTestWallet' });
  }

  /** Chooses the wallet in the page's list. */
  async connect(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Connect wallet' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: NAME }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Disconnect' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
  }

  close(): void {
    this.#provider.destroy();
  }

  async #answer(text: string): Promise<string> {
    const { method, params } = JSON.parse(text) as { method: string; params: readonly unknown[] };
    try {
      const result = await this.#request(method, params);
      await this.answering(method);
      return JSON.stringify({ result });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      return JSON.stringify({ error: { code: this.refuses ? REJECTED : -32_000, message } });
    }
  }

  async #request(method: string, params: readonly unknown[]): Promise<unknown> {
    if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [this.address];
    if (method === 'wallet_switchEthereumChain') {
      this.otherChain = undefined;
      return null;
    }
    if (method === 'eth_chainId' && this.otherChain !== undefined) return this.otherChain;
    if (method !== 'eth_signTypedData_v4' && method !== 'eth_sendTransaction') {
      return this.#provider.send(method, [...params]);
    }
    if (this.refuses) throw new RangeError('The person refused.');
    this.confirmed.push({ method });
    if (method === 'eth_signTypedData_v4') return this.#sign(String(params[1]));
    const { to, data, value } = params[0] as { to: string; data: string; value?: string };
    this.#sender.reset();
    const sent = await this.#sender.sendTransaction({ to, data, ...(value !== undefined && { value }) });
    return sent.hash;
  }

  #sign(text: string): Promise<string> {
    const { domain, types, message } = JSON.parse(text) as {
      domain: Record<string, string>;
      types: Record<string, TypedDataField[]>;
      message: Record<string, unknown>;
    };
    const structs = Object.fromEntries(Object.entries(types).filter(([name]) => name !== 'EIP712Domain'));
    return this.#wallet.signTypedData(domain, structs, message);
  }
}

/** Runs in the page: a provider whose requests cross to the test. */
function announce({ name, bridge }: { name: string; bridge: string }): void {
  const provider = {
    request: async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
      const ask = Reflect.get(window, bridge) as (text: string) => Promise<string>;
      const answer = JSON.parse(await ask(JSON.stringify({ method, params }))) as {
        result?: unknown;
        error?: { code: number; message: string };
      };
      if (answer.error !== undefined) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result;
    },
    on: () => undefined,
    removeListener: () => undefined,
  };
  const info = {
    ...{ uuid: 'b1c0d2e4-0000-4000-8000-000000000001', name, rdns: 'net.bcdn.test' },
    icon: 'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg"/%3E',
  };
  const say = () =>
    window.dispatchEvent(
      new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }),
    );
  window.addEventListener('eip6963:requestProvider', say);
  say();
}
