import { delMany, keys } from 'idb-keyval';

import { chainPrefix } from './chain-memory.ts';

/** Forgets everything that this browser keeps for a chain that is no more: drafts, progress. Never keys of accounts. */
export async function forgetChain(genesisHash: string): Promise<void> {
  const prefix = chainPrefix(genesisHash);
  for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
  const kept = await keys<IDBValidKey>();
  await delMany(kept.filter((key) => typeof key === 'string' && key.startsWith(prefix)));
}
