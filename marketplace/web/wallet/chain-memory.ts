/** What is remembered of a chain by its first block, because a restarted one has the same number. */
const GENESIS_KEY = 'bcdn-genesis';

/** How the chain of now compares with the one that this browser last saw under the same number. */
export type ChainMemory = 'first-seen' | 'same' | 'replaced';

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Compares and, the first time, remembers. A replaced chain stays so until `acceptChain`. */
export function compareChain(store: Store, chain: { chainId: string; genesisHash: string }): ChainMemory {
  const known = store.getItem(keyOf(chain.chainId));
  if (known === null) {
    acceptChain(store, chain);
    return 'first-seen';
  }
  return known === chain.genesisHash ? 'same' : 'replaced';
}

/** The first block that this browser knows of a chain. */
export function knownGenesis(store: Store, chainId: string): string | undefined {
  return store.getItem(keyOf(chainId)) ?? undefined;
}

/** From now on this is the chain of that number. */
export function acceptChain(
  store: Store,
  { chainId, genesisHash }: { chainId: string; genesisHash: string },
): void {
  store.setItem(keyOf(chainId), genesisHash);
}

/**
 * Begins the keys of everything that is kept for one chain, in localStorage and IndexedDB (idb-keyval), so that it can
 * be forgotten with the chain.
 */
export function chainPrefix(genesisHash: string): string {
  return `bcdn-of-chain:${genesisHash}:`;
}

const keyOf = (chainId: string): string => `${GENESIS_KEY}:${chainId}`;
