import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { Deadlines } from './deadlines.ts';
import { MAX_BATCH_BYTES, MAX_RECORDS_PER_STORE } from './limits.ts';
import type { ProviderRecord } from './provider-record.ts';
import type { RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';

/** A store on a silent member is sent this often, over about two minutes; then the next republication mends it. */
const MAX_ATTEMPTS = 8;
/** On a node that is no member, or none any more. */
const MAX_ATTEMPTS_OUTSIDE = 3;
/** Each wait for a confirmation is twice as long as the one before, up to this many times the first. */
const MAX_BACKOFF = 16;

interface PendingStore {
  readonly to: RingId;
  readonly contact: RingContact;
  readonly records: readonly ProviderRecord[];
  readonly attempt: number;
  readonly done: (nowMs: number) => void;
}

/** Stores records on other members: in batches, repeated until each is confirmed (RING.md, index). */
export class RecordTransfer {
  readonly #context: RingContext;
  readonly #stored: (on: RingId, records: readonly ProviderRecord[]) => void;
  readonly #pending = new Deadlines<number, PendingStore>();

  /** @param stored told of every batch that a member has confirmed */
  constructor(context: RingContext, stored: (on: RingId, records: readonly ProviderRecord[]) => void) {
    this.#context = context;
    this.#stored = stored;
  }

  /** @param done called once every batch is confirmed; never if the member stays silent */
  send(
    to: { readonly nid: RingId; readonly record: RingContact },
    records: readonly ProviderRecord[],
    nowMs: number,
    done?: (nowMs: number) => void,
  ): void {
    const parts = [...recordBatches(records)];
    let open = parts.length;
    const one = (doneMs: number): void => {
      open -= 1;
      if (open === 0) done?.(doneMs);
    };
    for (const part of parts) {
      this.#sendBatch({ to: to.nid, contact: to.record, records: part, attempt: 1, done: one }, nowMs);
    }
  }

  onStoreReply(from: Uint8Array, requestId: number, nowMs: number): void {
    const pending = this.#pending.get(requestId);
    const nid = this.#context.nidOfKey(from);
    if (pending === undefined || nid === undefined || !equalBytes(nid, pending.to)) return;
    this.#pending.take(requestId);
    this.#stored(pending.to, pending.records);
    pending.done(nowMs);
  }

  /** What was sent to this member is lost: repeat it soon. */
  unreachable(nid: RingId, nowMs: number): void {
    const soonMs = nowMs + this.#context.options.timing.requestTimeoutMs / 4;
    for (const [requestId, pending] of [...this.#pending.entries()]) {
      if (equalBytes(pending.to, nid)) this.#pending.set(requestId, pending, soonMs);
    }
  }

  wake(nowMs: number): void {
    for (const [, pending] of this.#pending.due(nowMs)) {
      const most = this.#context.table.isInRing(pending.to) ? MAX_ATTEMPTS : MAX_ATTEMPTS_OUTSIDE;
      if (pending.attempt < most) this.#sendBatch({ ...pending, attempt: pending.attempt + 1 }, nowMs);
    }
  }

  nextMs(): number {
    return this.#pending.nextMs();
  }

  #sendBatch(store: PendingStore, nowMs: number): void {
    const requestId = this.#context.request(store.contact, { kind: 'store', records: store.records });
    const { requestTimeoutMs } = this.#context.options.timing;
    const waitMs = requestTimeoutMs * Math.min(MAX_BACKOFF, 2 ** (store.attempt - 1));
    this.#pending.set(requestId, store, nowMs + waitMs);
  }
}

/** Splits records so that each message stays within its limits. */
function* recordBatches(records: readonly ProviderRecord[]): Generator<ProviderRecord[]> {
  let batch: ProviderRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.encoded.length;
    if (batch.length > 0 && (bytes + size > MAX_BATCH_BYTES || batch.length >= MAX_RECORDS_PER_STORE)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
