import { requireChain } from '../../sdk/chain/provider.ts';
import type { Foundation } from './foundation.ts';
import type { NotedTerms } from './settlement/settlement-notes.ts';

/**
 * The market's terms: from the last run if there was one, so that a chain that is away holds nothing up.
 * @throws ChainError CHAIN_UNREACHABLE, CHAIN_MISMATCH
 */
export async function marketTerms(foundation: Foundation): Promise<NotedTerms> {
  const { store, reader, provider, config } = foundation;
  const noted = store.terms();
  if (noted !== undefined) return noted;
  await requireChain(provider, { url: config.settings.rpcUrl, chainId: config.deployment.chainId });
  const terms = await reader.terms();
  store.noteTerms(terms);
  return terms;
}
