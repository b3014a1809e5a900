import type { ComponentChildren } from 'preact';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { shownFailure, type MarketData } from './use-market-data.ts';

interface LoadedProps<T> {
  readonly data: MarketData<T>;
  /** What is being loaded, in words. */
  readonly what: string;
  /** Lines that it will take. @default 4 */
  readonly lines?: number;
  readonly children: (value: T) => ComponentChildren;
}

/** Shows an answer of the marketplace; before it comes its place, without it the reason. */
export function Loaded<T>({ data: { value, failure, refresh }, what, lines = 4, children }: LoadedProps<T>) {
  return (
    <>
      {failure !== undefined && <FailureNotice failure={shownFailure(failure)} retry={refresh} />}
      {value === undefined
        ? failure === undefined && <Skeleton lines={lines} what={what} />
        : children(value)}
    </>
  );
}
