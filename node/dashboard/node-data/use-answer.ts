import { usePolled, type Polled, type PollManners, type PollOptions } from '../../../sdk/ui/use-polled.ts';
import { DeskError } from './desk-error.ts';

/** Longest pause between two questions, however often the answer failed to come: the node is on this machine. */
const MAX_PAUSE_MS = 10_000;
/** Doublings after which every pause is the longest. */
const MAX_DOUBLINGS = 16;

/** What is known of something that the node is asked for. */
export type Answer<T> = Polled<T, DeskError>;

const NODE_MANNERS: PollManners<DeskError> = {
  failureOf: deskFailure,
  pauseMs: (everyMs, failuresInARow) =>
    failuresInARow === 0
      ? everyMs
      : Math.min(MAX_PAUSE_MS, everyMs * 2 ** Math.min(failuresInARow, MAX_DOUBLINGS)),
};

/** Asks the node while a component is shown. */
export function useAnswer<T>(load: (signal: AbortSignal) => Promise<T>, options: PollOptions): Answer<T> {
  return usePolled(load, options, NODE_MANNERS);
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
