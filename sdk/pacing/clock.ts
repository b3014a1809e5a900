/** Time as whoever waits or dates something sees it; injected, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Waits; rejects with the signal's reason when it aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Whether what happened at a time is younger than a span. A clock that was set back does not say so: then it is not, for
 * otherwise what is good for a second would be good for as long as the clock went back.
 */
export function isYounger(atMs: number, nowMs: number, spanMs: number): boolean {
  return nowMs >= atMs && nowMs - atMs < spanMs;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, durationMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
