import type { SearchResult } from '../market-data/search.ts';
import { paths } from '../shell/paths.ts';

/** The page of what was found. Paths are made here; only that of a batch is taken from the answer, if it is one. */
export function pathOfResult({ kind, id, path }: SearchResult): string | undefined {
  switch (kind) {
    case 'node':
      return paths.node(encodeURIComponent(id));
    case 'deal':
      return paths.deal(encodeURIComponent(id));
    case 'transaction':
      return paths.transaction(encodeURIComponent(id));
    case 'content':
      return paths.content(encodeURIComponent(id));
    case 'batch':
      return /^\/explore\/batches\/0x[0-9a-f]{64}\/0x[0-9a-f]{40}\/\d{1,10}$/.test(path) ? path : undefined;
  }
}
