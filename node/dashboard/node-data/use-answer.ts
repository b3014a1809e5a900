import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { DeskError } from './desk-error.ts';

/** Longest pause between two questions, however often the answer failed to come. */
const MAX_PAUSE_MS = 10_000;

/** What is known of something that the node is asked for. */
export interface Answer<T> {
  /** The newest answer; it stays while a later question fails. */
  readonly value: T | undefined;
  /** Why the newest question was not answered; undefined once one is. */
  readonly failure: DeskError | undefined;
  /** Asks again at once. */
  readonly refresh: () => void;
}

interface AnswerOptions {
  /** Names what is asked: another key forgets the answer. */
  readonly key: string;
  /** Asks again after this pause while the page is visible. @default once */
  readonly everyMs?: number;
}

/** Asks the node while a component is shown, at a steady pace that slows down after failures and stops while hidden. */
export function useAnswer<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { key, everyMs }: AnswerOptions,
): Answer<T> {
  const [known, setKnown] = useState<{ key: string; value?: T; failure?: DeskError }>({ key });
  const [wish, setWish] = useState(0);
  const newestLoad = useRef(load);
  newestLoad.current = load;

  useEffect(() => {
    const ended = new AbortController();
    let pauseMs = everyMs ?? 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const value = await newestLoad.current(ended.signal);
        if (ended.signal.aborted) return;
        pauseMs = everyMs ?? 0;
        setKnown({ key, value });
      } catch (error) {
        if (ended.signal.aborted) return;
        pauseMs = Math.min(MAX_PAUSE_MS, Math.max(everyMs ?? 0, 2 * pauseMs));
        const failure = deskFailure(error);
        setKnown((before) => (before.key === key ? { ...before, failure } : { key, failure }));
      }
      if (everyMs !== undefined) timer = setTimeout(next, pauseMs);
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

/** A failure as the page shows it; one that nobody foresaw keeps its message. */
export function deskFailure(failure: unknown): DeskError {
  if (failure instanceof DeskError) return failure;
  const reason = failure instanceof Error ? failure.message : String(failure);
  return new DeskError('ANSWER_INVALID', `This cannot be shown: ${reason}`, {
    remedy: 'Reload the page.',
    cause: failure,
  });
}
