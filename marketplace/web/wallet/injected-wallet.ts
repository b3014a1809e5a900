import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { Eip1193Provider } from './announced-wallets.ts';
import { hexOf, type ChainAccess } from './chain-access.ts';
import { ChainReader } from './chain-reader.ts';
import { providerFailure } from './provider-failure.ts';
import { typedDataJson } from './typed-data-json.ts';
import type { TransactionRequest, TypedDataDomain, TypedDataTypes, Wallet } from './wallet.ts';

/** The chain as a wallet's provider shows it; its failures become coded ones. */
export function providerAccess(provider: Eip1193Provider): ChainAccess {
  return {
    request: async (method, params) => {
      try {
        return await provider.request({ method, params });
      } catch (failure) {
        throw providerFailure(failure, method);
      }
    },
  };
}

/** An account of a wallet that announced itself: every signature and transaction is confirmed there. */
export class InjectedWallet extends ChainReader implements Wallet {
  readonly kind = 'injected';
  readonly chainId: bigint;
  readonly #chain: ChainAccess;

  constructor(provider: Eip1193Provider, account: { readonly address: Address; readonly chainId: bigint }) {
    const chain = providerAccess(provider);
    super(chain, account.address);
    this.#chain = chain;
    this.chainId = account.chainId;
  }

  async signTypedData(
    domain: TypedDataDomain,
    types: TypedDataTypes,
    value: Readonly<Record<string, unknown>>,
  ): Promise<Hex> {
    const method = 'eth_signTypedData_v4';
    return hexOf(
      await this.#chain.request(method, [this.address, typedDataJson(domain, types, value)]),
      method,
    );
  }

  async sendTransaction({ to, data, value = 0n }: TransactionRequest): Promise<Hex> {
    const method = 'eth_sendTransaction';
    const request = { from: this.address, to, data, value: `0x${value.toString(16)}` };
    return hexOf(await this.#chain.request(method, [request]), method);
  }
}
