import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** What is known of something that is asked for while a component is shown. */
export interface Polled<T, F> {
  /** The newest answer; it stays while a later question fails. */
  readonly value: T | undefined;
  /** Why the newest question was not answered; undefined once one is. */
  readonly failure: F | undefined;
  /** Asks again at once. */
  readonly refresh: () => void;
}

export interface PollOptions {
  /** Names what is asked: another key forgets the answer. */
  readonly key: string;
  /** Asks again after this pause while the page is visible. @default once */
  readonly everyMs?: number;
}

/** In what those who are asked differ. */
export interface PollManners<F> {
  /** What is shown of something that was thrown. */
  readonly failureOf: (thrown: unknown) => F;
  /** Pause before the next question after so many failures in a row, milliseconds. */
  readonly pauseMs: (everyMs: number, failuresInARow: number) => number;
}

/**
 * Asks while a component is shown: at once, then at a pace that its manners slow down after failures and that stops
 * while the page is hidden. A question that is no longer of interest is aborted.
 * @param manners must be the same object as long as the component is shown
 */
export function usePolled<T, F>(
  load: (signal: AbortSignal) => Promise<T>,
  { key, everyMs }: PollOptions,
  manners: PollManners<F>,
): Polled<T, F> {
  const [known, setKnown] = useState<{ key: string; value?: T; failure?: F }>({ key });
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
      } catch (thrown) {
        if (ended.signal.aborted) return;
        failuresInARow += 1;
        const failure = manners.failureOf(thrown);
        setKnown((before) => (before.key === key ? { ...before, failure } : { key, failure }));
      }
      if (everyMs !== undefined) timer = setTimeout(next, manners.pauseMs(everyMs, failuresInARow));
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
  }, [key, everyMs, wish, manners]);

  const refresh = useCallback(() => setWish((before) => before + 1), []);
  const isCurrent = known.key === key;
  return {
    value: isCurrent ? known.value : undefined,
    failure: isCurrent ? known.failure : undefined,
    refresh,
  };
}
