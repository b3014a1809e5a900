import { parseEpoch, type Epoch } from './identifiers.ts';

/** Epoch that a moment belongs to: floor(time / epochSeconds) (PAYMENT.md, messages). */
export function epochAt(timeSeconds: number, epochSeconds: number): Epoch {
  return parseEpoch(Math.floor(timeSeconds / epochSeconds));
}

/** Unix seconds at which the epoch begins. */
export function epochStartsAt(epoch: Epoch, epochSeconds: number): number {
  return epoch * epochSeconds;
}

/** Unix seconds at which the epoch is over: the first second of the next one. */
export function epochEndsAt(epoch: Epoch, epochSeconds: number): number {
  return (epoch + 1) * epochSeconds;
}
