import { callMarket } from '../market-data/call-market.ts';
import * as as from '../market-data/decode.ts';
import type { ChainAccess } from './chain-access.ts';
import { providerFailure } from './provider-failure.ts';

const rpcAnswer = (value: unknown): { readonly result?: unknown; readonly error?: unknown } =>
  typeof value === 'object' && value !== null ? value : {};

/**
 * The development chain behind the marketplace: pages cannot reach its port, and need not.
 * @param rpcPath of `development` in /v1/network
 */
export function developmentChain(rpcPath: string): ChainAccess {
  let id = 0;
  return {
    request: async (method, params) => {
      id += 1;
      const body = { jsonrpc: '2.0', id, method, params };
      const { result, error } = await callMarket({ path: rpcPath, decode: rpcAnswer, body });
      if (error !== undefined) throw providerFailure(error, method);
      return result;
    },
  };
}

const gift = as.object({ ethWei: as.wei, tokensWei: as.wei, transactionHashes: as.list(as.bytes32, 8) });

/** What the faucet of a development chain gave. */
export type FaucetGift = as.Decoded<typeof gift>;

/** Asks the faucet for ether and tokens. @throws MarketDataError when it gave enough already */
export function askFaucet(address: string, signal?: AbortSignal): Promise<FaucetGift> {
  return callMarket({ path: '/v1/development/faucet', decode: gift, body: { address }, signal });
}
