import { parseEpoch, type Epoch } from './identifiers.ts';
import { LATE_RECEIPT_SECONDS } from './limits.ts';

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

/** Whole epochs after its end in which an epoch still gets receipts: LATE_RECEIPT_SECONDS, at least one epoch. */
export function lateEpochsOf(epochSeconds: number): number {
  return Math.max(1, Math.ceil(LATE_RECEIPT_SECONDS / epochSeconds));
}

/** Whether the coordinator still takes receipts of an epoch from viewers while another is running. */
export function takesReceipts(epoch: Epoch, now: { runningEpoch: Epoch; epochSeconds: number }): boolean {
  return now.runningEpoch - epoch <= lateEpochsOf(now.epochSeconds);
}
