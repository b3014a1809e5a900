import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Field } from '../../../sdk/ui/field.tsx';
import { SearchIcon } from '../../../sdk/ui/icons.tsx';
import type { MarketDataError } from '../market-data/market-data-error.ts';
import { fetchSearch, type SearchResult } from '../market-data/search.ts';
import { marketFailure, shownFailure } from '../market-data/use-market-data.ts';
import { pathOfResult } from './search-path.ts';

const MAX_QUERY_LENGTH = 128;

/** Finds anything by its identifier; a single hit is opened at once. */
export function SearchBox() {
  const { route } = useLocation();
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<readonly SearchResult[]>();
  const [failure, setFailure] = useState<MarketDataError>();
  const search = async (): Promise<void> => {
    setFailure(undefined);
    setFound(undefined);
    try {
      const results = await fetchSearch(query.trim());
      const [only] = results;
      const path = only === undefined ? undefined : pathOfResult(only);
      if (results.length === 1 && path !== undefined) route(path);
      else setFound(results);
    } catch (caught) {
      setFailure(marketFailure(caught));
    }
  };
  return (
    <search class="stack">
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (query.trim() !== '') void search();
        }}
      >
        <Field
          label="Search"
          hint="An address, deal id, transaction hash or CID; a beginning of it is enough."
        >
          {(control) => (
            <span class="search-line">
              <input
                {...control}
                type="search"
                maxLength={MAX_QUERY_LENGTH}
                spellcheck={false}
                autocomplete="off"
                value={query}
                onInput={(event) => setQuery(event.currentTarget.value)}
              />
              <button type="submit" class="button button-primary">
                <SearchIcon /> Find
              </button>
            </span>
          )}
        </Field>
      </form>
      {failure !== undefined && <FailureNotice failure={shownFailure(failure)} />}
      <div role="status">
        {found !== undefined && found.length === 0 && (
          <p>
            Nothing on this network begins with <code>{query.trim()}</code>. Check that it is of this chain,
            or wait until it has been mined.
          </p>
        )}
        {found !== undefined && found.length > 0 && (
          <ul class="search-results">
            {found.map((result) => (
              <li key={`${result.kind}:${result.id}`}>
                <span class="soft">{result.kind}</span> <a href={pathOfResult(result) ?? '#'}>{result.id}</a>
              </li>
            ))}
          </ul>
        )}
      </div>
    </search>
  );
}
