/** Exit code of a run that was interrupted, as shells have it. */
export const INTERRUPTED_EXIT = 130;

interface InterruptionTold {
  /** At the first signal. @returns the reason that the abort carries, if there is one */
  readonly first?: (by: NodeJS.Signals) => unknown;
  /** Before a second signal ends the process. */
  readonly second?: () => void;
}

/** Aborts at the first Ctrl-C or SIGTERM, so that a run ends in good order; a second one ends the process at once. */
export function interruption({ first, second }: InterruptionTold = {}): AbortSignal {
  const stopping = new AbortController();
  for (const by of ['SIGINT', 'SIGTERM'] as const) {
    process.on(by, () => {
      if (!stopping.signal.aborted) {
        stopping.abort(first?.(by));
        return;
      }
      second?.();
      process.exit(INTERRUPTED_EXIT);
    });
  }
  return stopping.signal;
}
