import type { Network } from '../market-data/network.ts';
import { useMarketData, type MarketData } from '../market-data/use-market-data.ts';
import { readTokens } from '../wallet/account-balance.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { MarketTermsView } from './terms.ts';

const TERMS_EVERY_MS = 5_000;

/** Balance, allowance and thaw, as the chain has them now. */
export function useTerms(network: Network, wallet: Wallet): MarketData<MarketTermsView> {
  return useMarketData(
    async () => {
      const [{ readAllowance, readThawSeconds }, { deploymentOf, readerOf }] = await Promise.all([
        import('../../../sdk/chain/market-calls.ts'),
        import('./opening.ts'),
      ]);
      const deployment = deploymentOf(network);
      const read = readerOf(wallet);
      const [thawSeconds, { allowanceWei }, tokensWei, etherWei] = await Promise.all([
        readThawSeconds(read, deployment),
        readAllowance(read, deployment, wallet.address),
        readTokens(wallet, network.token),
        wallet.etherWei(),
      ]);
      return { thawSeconds, allowanceWei, tokensWei, etherWei };
    },
    { key: `${network.market} ${wallet.address}`, everyMs: TERMS_EVERY_MS },
  );
}
