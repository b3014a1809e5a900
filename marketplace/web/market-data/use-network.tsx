import { createContext, type ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';

import { fetchNetwork, type Network } from './network.ts';
import { useMarketData, type MarketData } from './use-market-data.ts';

/** Pause between two looks at the network: long enough to cost nothing, short enough to notice a new chain. */
const NETWORK_EVERY_MS = 10_000;

const context = createContext<MarketData<Network>>({
  value: undefined,
  failure: undefined,
  refresh: () => undefined,
});

/** Asks for the network once for all pages below it. */
export function NetworkProvider({ children }: { readonly children: ComponentChildren }) {
  const network = useMarketData(fetchNetwork, { key: 'network', everyMs: NETWORK_EVERY_MS });
  return <context.Provider value={network}>{children}</context.Provider>;
}

/** Contracts, chain and epochs of the marketplace. */
export function useNetwork(): MarketData<Network> {
  return useContext(context);
}
