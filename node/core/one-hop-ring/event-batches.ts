import { MAX_BATCH_BYTES, MAX_EVENTS_PER_MESSAGE } from './limits.ts';
import { eventBytes, type MembershipEvent } from './membership-event.ts';

/** Splits events so that each message stays within its limits. */
export function* eventBatches(events: readonly MembershipEvent[]): Generator<MembershipEvent[]> {
  let batch: MembershipEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = eventBytes(event);
    if (batch.length > 0 && (bytes + size > MAX_BATCH_BYTES || batch.length >= MAX_EVENTS_PER_MESSAGE)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** As many events as one message may carry. */
export function firstBatch(events: readonly MembershipEvent[]): MembershipEvent[] {
  const first = eventBatches(events).next();
  return first.done === true ? [] : first.value;
}
