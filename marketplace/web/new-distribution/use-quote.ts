import { useEffect, useState } from 'preact/hooks';

import { marketFailure } from '../market-data/use-market-data.ts';
import type { MarketDataError } from '../market-data/market-data-error.ts';
import { fetchQuote, type Quote } from './quote.ts';
import type { QuoteWish } from './wishes.ts';

/** A field is typed to its end before the marketplace is asked. */
const DEBOUNCE_MS = 350;
/** Prices and loads change: what is shown is never older than this. */
const QUOTE_EVERY_MS = 15_000;

export interface LiveQuote {
  /** The newest answer; it stays while the next is under way. */
  readonly quote: Quote | undefined;
  /** The answer is not to the question of now. */
  readonly isStale: boolean;
  readonly failure: MarketDataError | undefined;
}

/** The quote for what the form says, asked again as it changes; an answer that nobody waits for is aborted. */
export function useQuote(wish: QuoteWish | undefined): LiveQuote {
  const question = wish === undefined ? undefined : JSON.stringify(wish);
  const [answer, setAnswer] = useState<{ to?: string; quote?: Quote; failure?: MarketDataError }>({});
  useEffect(() => {
    if (wish === undefined || question === undefined) return undefined;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        const quote = await fetchQuote(wish, ended.signal);
        setAnswer({ to: question, quote });
      } catch (failure) {
        if (ended.signal.aborted) return;
        setAnswer((before) => ({ ...before, failure: marketFailure(failure) }));
      }
      timer = setTimeout(() => void ask(), QUOTE_EVERY_MS);
    };
    timer = setTimeout(() => void ask(), DEBOUNCE_MS);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [question]);
  return { quote: answer.quote, isStale: answer.to !== question, failure: answer.failure };
}
