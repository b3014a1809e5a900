import {
  MIN_FREE_COPY_MS,
  MIN_STALLED_MS,
  MIN_STEAL_GAIN_MS,
  STALLED_FACTOR,
  STEAL_FACTOR,
  UNMEASURED_STALLED_MS,
} from '../client-limits.ts';
import type { SourcePace } from './source-pace.ts';

/** When a source was asked for a block, and what was known then. */
export interface Holding {
  readonly sinceMs: number;
  /** Time after which it was expected to have answered; undefined if it had not been measured. */
  readonly expectedMs: number | undefined;
  /** Bytes that it was asked for, this block and those before it. */
  readonly queuedBytes: number;
}

/** How much later than expected a holder is. */
export interface Lateness {
  readonly factor: number;
  readonly atLeastMs: number;
}

/** What was asked of the holder will hardly come. */
export const STALLED: Lateness = { factor: STALLED_FACTOR, atLeastMs: MIN_STALLED_MS };
/** It is worth the copy that any file may have. */
export const VERY_LATE: Lateness = { factor: STALLED_FACTOR, atLeastMs: MIN_FREE_COPY_MS };
/** It may come, but not when it is needed. */
export const OVERDUE: Lateness = { factor: STEAL_FACTOR, atLeastMs: MIN_STEAL_GAIN_MS };

/**
 * Time after which a holder is so late, milliseconds. One of which nothing was known is compared with what the source that
 * would be asked instead takes for as much.
 */
export function lateAfterMs(holding: Holding, instead: SourcePace, { factor, atLeastMs }: Lateness): number {
  const expectedMs = holding.expectedMs ?? instead.alikeMs(holding.queuedBytes);
  return expectedMs === undefined ? UNMEASURED_STALLED_MS : Math.max(atLeastMs, expectedMs * factor);
}
