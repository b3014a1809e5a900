import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath } from './page-path.ts';

const result = as.object({
  kind: as.oneOf('node', 'deal', 'transaction', 'content', 'batch'),
  id: as.text,
  path: as.text,
});
const results = as.object({ results: as.list(result, 100) });

export type SearchResult = as.Decoded<typeof result>;

export function fetchSearch(q: string, signal?: AbortSignal): Promise<readonly SearchResult[]> {
  return callMarket({ path: pagePath('/v1/search', { q }), decode: results, signal }).then(
    (answer) => answer.results,
  );
}
