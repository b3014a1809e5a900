import type { ShownFailure } from '../../../sdk/ui/failure-notice.tsx';
import { usePolled, type Polled, type PollManners, type PollOptions } from '../../../sdk/ui/use-polled.ts';
import { MarketDataError } from './market-data-error.ts';
import { pollPauseMs } from './polling.ts';

/** What is known of something that the marketplace is asked for. */
export type MarketData<T> = Polled<T, MarketDataError>;

const MARKET_MANNERS: PollManners<MarketDataError> = { failureOf: marketFailure, pauseMs: pollPauseMs };

/** Asks the marketplace while a component is shown. */
export function useMarketData<T>(
  load: (signal: AbortSignal) => Promise<T>,
  options: PollOptions,
): MarketData<T> {
  return usePolled(load, options, MARKET_MANNERS);
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
