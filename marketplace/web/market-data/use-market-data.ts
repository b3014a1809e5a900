import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import type { ShownFailure } from '../../../sdk/ui/failure-notice.tsx';
import { MarketDataError } from './market-data-error.ts';
import { pollPauseMs } from './polling.ts';

/** What is known of something that the marketplace is asked for. */
export interface MarketData<T> {
  /** The newest answer; it stays while a later question fails. */
  readonly value: T | undefined;
  /** Why the newest question was not answered; undefined once one is. */
  readonly failure: MarketDataError | undefined;
  /** Asks again at once. */
  readonly refresh: () => void;
}

interface MarketDataOptions {
  /** Names what is asked: another key forgets the answer. */
  readonly key: string;
  /** Asks again after this pause while the page is visible. @default once */
  readonly everyMs?: number;
}

/**
 * Asks the marketplace while a component is shown: at once, then at a steady pace that slows down after failures and
 * stops while the page is hidden. A question that is no longer of interest is aborted.
 */
export function useMarketData<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { key, everyMs }: MarketDataOptions,
): MarketData<T> {
  const [known, setKnown] = useState<{ key: string; value?: T; failure?: MarketDataError }>({ key });
  const [wish, setWish] = useState(0);
  const newestLoad = useRef(load);
  newestLoad.current = load;

  useEffect(() => {
    const ended = new AbortController();
    let failuresInARow = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const value = await newestLoad.current(ended.signal);
        if (ended.signal.aborted) return;
        failuresInARow = 0;
        setKnown({ key, value });
      } catch (failure) {
        if (ended.signal.aborted) return;
        failuresInARow += 1;
        const shown = marketFailure(failure);
        setKnown((before) => (before.key === key ? { ...before, failure: shown } : { key, failure: shown }));
      }
      if (everyMs !== undefined) timer = setTimeout(next, pollPauseMs(everyMs, failuresInARow));
    };
    const next = (): void => {
      if (document.hidden)
        document.addEventListener('visibilitychange', next, { once: true, signal: ended.signal });
      else void ask();
    };
    void ask();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, wish]);

  const refresh = useCallback(() => setWish((before) => before + 1), []);
  const isCurrent = known.key === key;
  return {
    value: isCurrent ? known.value : undefined,
    failure: isCurrent ? known.failure : undefined,
    refresh,
  };
}

/** A failure as pages show it; one that nobody foresaw keeps its message as evidence. */
export function marketFailure(failure: unknown): MarketDataError {
  if (failure instanceof MarketDataError) return failure;
  return new MarketDataError('ANSWER_INVALID', 'These figures cannot be shown.', {
    values: { reason: failure instanceof Error ? failure.message : String(failure) },
    remedy: 'Reload the page.',
    cause: failure,
  });
}

/** A failure with the marketplace's own code, which says more than that it refused. */
export function shownFailure(failure: MarketDataError): ShownFailure {
  return { code: failure.refusal ?? failure.code, message: failure.message, remedy: failure.remedy };
}
