import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { Deadlines } from './deadlines.ts';
import {
  MAX_BATCH_BYTES,
  MAX_CLOCK_SKEW_MS,
  MAX_PROVIDED_KEYS,
  MAX_RECORDS_PER_STORE,
  REPLICAS,
} from './limits.ts';
import { ProviderIndex } from './provider-index.ts';
import { signProviderRecord, verifyProviderRecord, type ProviderRecord } from './provider-record.ts';
import { RingError } from './ring-error.ts';
import type { RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import type { RingEntry } from './ring-table.ts';

/** A store is repeated this often; after that the next republication or handover mends it. */
const MAX_ATTEMPTS = 3;

interface PendingStore {
  readonly to: RingId;
  readonly contact: RingContact;
  readonly records: readonly ProviderRecord[];
  readonly attempt: number;
  readonly done: ((nowMs: number) => void) | undefined;
}

/** A member, or a node about to become one. */
type Target = Pick<RingEntry, 'nid'> & { readonly record: RingContact };

interface ProvidedKey {
  readonly key: RingId;
  record: ProviderRecord;
  /** Members that hold the record, by position. */
  holders: Set<Hex>;
  republishAtMs: number;
}

/** Keeps every key on the first r members after it: publishing, republishing and moving (RING.md, index). */
export class Replication {
  readonly index = new ProviderIndex();
  readonly #context: RingContext;
  readonly #pending = new Deadlines<number, PendingStore>();
  readonly #provided = new Map<Hex, ProvidedKey>();
  /** Responsible members of each held key at the last look. */
  readonly #placement = new Map<Hex, readonly Hex[]>();
  /** Keys that are no longer ours, and since when. */
  readonly #former = new Map<Hex, number>();
  #rebalanceAtMs = Infinity;
  #sweepAtMs = Infinity;
  #republishAtMs = Infinity;
  #lastSequence = 0;

  constructor(context: RingContext) {
    this.#context = context;
  }

  start(nowMs: number): void {
    this.#sweepAtMs = nowMs + this.#context.options.timing.sweepIntervalMs;
    this.#rebalanceAtMs = nowMs;
  }

  get providedCount(): number {
    return this.#provided.size;
  }

  /** @throws RingError RING_PROVIDED_FULL */
  provide(key: RingId, nowMs: number): void {
    const id = bytesToHex(key);
    if (!this.#provided.has(id) && this.#provided.size >= MAX_PROVIDED_KEYS) {
      throw new RingError('RING_PROVIDED_FULL', 'This node provides as many keys as it may.', {
        keys: MAX_PROVIDED_KEYS,
      });
    }
    this.#publish(key, nowMs);
  }

  /** Stores a withdrawal over the record. */
  unprovide(key: RingId, nowMs: number): void {
    if (!this.#provided.delete(bytesToHex(key))) return;
    const record = this.#sign(key, { withdrawn: true }, nowMs);
    this.#storeOn(this.#context.table.successors(key, REPLICAS), [record], nowMs);
  }

  /** The addresses of the content changed: every record is signed anew. */
  republishAll(nowMs: number): void {
    for (const provided of this.#provided.values()) provided.republishAtMs = nowMs;
    this.#republishAtMs = nowMs;
  }

  /** Records of another member. @returns how many are kept now */
  accept(records: readonly ProviderRecord[], nowMs: number): number {
    let stored = 0;
    for (const record of records) if (this.#keep(record, nowMs)) stored += 1;
    return stored;
  }

  onStoreReply(from: Uint8Array, requestId: number, nowMs: number): void {
    const pending = this.#pending.get(requestId);
    const nid = this.#context.nidOfKey(from);
    if (pending === undefined || nid === undefined || !equalBytes(nid, pending.to)) return;
    this.#pending.take(requestId);
    this.#noteHolder(pending);
    pending.done?.(nowMs);
  }

  /** The set of members changed: look at the placement soon. */
  membershipChanged(nowMs: number): void {
    this.#rebalanceAtMs = Math.min(
      this.#rebalanceAtMs,
      nowMs + this.#context.options.timing.rebalanceDelayMs,
    );
  }

  /**
   * Hands every held key that a joining member will be responsible for to it, before it is announced.
   * @param done called once all of it is stored, or at once if there is nothing
   */
  handOver(to: RingContact, nid: RingId, nowMs: number, done: (nowMs: number) => void): void {
    const isResponsible = (key: RingId): boolean =>
      this.#context.table.ringRange({ from: key, to: nid }).count < REPLICAS || equalBytes(key, nid);
    const keys = [...this.index.keys()].filter(isResponsible);
    const records = keys.flatMap((key) => this.index.recordsOf(key));
    this.#send({ nid, record: to }, records, nowMs, done);
  }

  /** Hands all held keys to the members that are responsible without us; the node leaves. */
  handOverAll(nowMs: number, done: (nowMs: number) => void): void {
    const byTarget = new Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>();
    for (const key of this.index.keys()) {
      const targets = this.#context.table.successors(key, REPLICAS + 1);
      if (!targets.some((entry) => this.#context.isSelf(entry.nid))) continue;
      for (const entry of targets) this.#collect(byTarget, entry, this.index.recordsOf(key));
    }
    let open = byTarget.size;
    if (open === 0) done(nowMs);
    const one = (doneMs: number): void => {
      open -= 1;
      if (open === 0) done(doneMs);
    };
    for (const { entry, records } of byTarget.values()) this.#send(entry, records, nowMs, one);
  }

  unreachable(nid: RingId, nowMs: number): void {
    for (const [requestId, pending] of [...this.#pending.entries()]) {
      if (equalBytes(pending.to, nid)) this.#pending.set(requestId, pending, nowMs + this.#retryDelayMs());
    }
  }

  wake(nowMs: number): void {
    for (const [, pending] of this.#pending.due(nowMs)) this.#retry(pending, nowMs);
    if (nowMs >= this.#rebalanceAtMs) this.#rebalance(nowMs);
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    if (nowMs >= this.#republishAtMs) this.#republish(nowMs);
  }

  nextMs(): number {
    return Math.min(this.#pending.nextMs(), this.#rebalanceAtMs, this.#sweepAtMs, this.#republishAtMs);
  }

  #retryDelayMs(): number {
    return this.#context.options.timing.requestTimeoutMs / 4;
  }

  #publish(key: RingId, nowMs: number): void {
    const record = this.#renewProvided(key, nowMs);
    this.#storeOn(this.#context.table.successors(key, REPLICAS), [record], nowMs);
  }

  #renewProvided(key: RingId, nowMs: number): ProviderRecord {
    const record = this.#sign(key, { withdrawn: false }, nowMs);
    const republishAtMs = nowMs + this.#context.options.timing.republishIntervalMs;
    this.#provided.set(bytesToHex(key), { key, record, holders: new Set(), republishAtMs });
    this.#republishAtMs = Math.min(this.#republishAtMs, republishAtMs);
    return record;
  }

  /** Everything due, batched for each holder. */
  #republish(nowMs: number): void {
    this.#republishAtMs = Infinity;
    const byTarget = new Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>();
    for (const provided of [...this.#provided.values()]) {
      if (nowMs < provided.republishAtMs) {
        this.#republishAtMs = Math.min(this.#republishAtMs, provided.republishAtMs);
        continue;
      }
      const record = this.#renewProvided(provided.key, nowMs);
      const holders = this.#context.table.successors(provided.key, REPLICAS);
      for (const entry of holders) this.#collect(byTarget, entry, [record]);
    }
    for (const { entry, records } of byTarget.values()) this.#send(entry, records, nowMs, undefined);
  }

  #sign(key: RingId, claim: { readonly withdrawn: boolean }, nowMs: number): ProviderRecord {
    const { options, admitted, providerAddresses, ports } = this.#context;
    this.#lastSequence = Math.max(Math.floor(nowMs), this.#lastSequence + 1);
    const record = {
      key,
      publicKey: options.publicKey,
      operator: admitted.operator,
      region: admitted.region,
      sequence: this.#lastSequence,
      ttlSeconds: options.timing.providerTtlSeconds,
      addresses: providerAddresses,
      ...claim,
    };
    return signProviderRecord(record, options.network, (message) => ports.sign(message));
  }

  #storeOn(targets: readonly RingEntry[], records: readonly ProviderRecord[], nowMs: number): void {
    for (const entry of targets) this.#send(entry, records, nowMs, undefined);
  }

  /** Sends records in batches, or keeps them if the target is this node. */
  #send(
    entry: Target,
    records: readonly ProviderRecord[],
    nowMs: number,
    done: ((nowMs: number) => void) | undefined,
  ): void {
    if (this.#context.isSelf(entry.nid) || records.length === 0) {
      this.accept(records, nowMs);
      this.#noteHolder({ to: entry.nid, records });
      done?.(nowMs);
      return;
    }
    const parts = [...recordBatches(records)];
    let open = parts.length;
    const one = (doneMs: number): void => {
      open -= 1;
      if (open === 0) done?.(doneMs);
    };
    const { nid: to, record: contact } = entry;
    for (const part of parts) this.#sendBatch({ to, contact, records: part, attempt: 1, done: one }, nowMs);
  }

  #sendBatch(store: PendingStore, nowMs: number): void {
    const requestId = this.#context.request(store.contact, { kind: 'store', records: store.records });
    this.#pending.set(requestId, store, nowMs + this.#context.options.timing.requestTimeoutMs);
  }

  #retry(pending: PendingStore, nowMs: number): void {
    if (pending.attempt >= MAX_ATTEMPTS) return;
    this.#sendBatch({ ...pending, attempt: pending.attempt + 1 }, nowMs);
  }

  #noteHolder(store: Pick<PendingStore, 'to' | 'records'>): void {
    const holder = bytesToHex(store.to);
    for (const record of store.records) {
      const provided = this.#provided.get(bytesToHex(record.key));
      if (provided === undefined || provided.record.sequence !== record.sequence) continue;
      if (provided.holders.size === 0) this.#context.emit({ type: 'provided', key: provided.key });
      provided.holders.add(holder);
    }
  }

  #keep(record: ProviderRecord, nowMs: number): boolean {
    const held = this.index.recordOf(record.key, record.publicKey);
    if (held !== undefined && equalBytes(held.encoded, record.encoded)) return true;
    if (!this.#isGenuine(record, nowMs)) {
      this.#context.counters.refusedRecords += 1;
      return false;
    }
    const verdict = this.index.store(record, nowMs);
    if (verdict === 'stored') this.#placement.set(bytesToHex(record.key), this.#responsible(record.key));
    return verdict === 'stored' || verdict === 'held' || verdict === 'older';
  }

  #isGenuine(record: ProviderRecord, nowMs: number): boolean {
    const { ports, options } = this.#context;
    if (record.sequence > nowMs + MAX_CLOCK_SKEW_MS) return false;
    const admitted = ports.admission.nidOf(record.publicKey);
    if (admitted?.operator !== record.operator || admitted.region !== record.region) return false;
    return verifyProviderRecord(record, options.network, (key, message, signature) =>
      ports.verify(key, message, signature),
    );
  }

  #responsible(key: RingId): Hex[] {
    return this.#context.table.successors(key, REPLICAS).map((entry) => bytesToHex(entry.nid));
  }

  /** Newly responsible members get the key from the first member that was and still is responsible. */
  #rebalance(nowMs: number): void {
    this.#rebalanceAtMs = Infinity;
    const byTarget = new Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>();
    const self = bytesToHex(this.#context.nid);
    for (const key of this.index.keys()) {
      const id = bytesToHex(key);
      const before = this.#placement.get(id) ?? [];
      const entries = this.#context.table.successors(key, REPLICAS);
      const now = entries.map((entry) => bytesToHex(entry.nid));
      this.#placement.set(id, now);
      if (now.includes(self)) this.#former.delete(id);
      else if (!this.#former.has(id)) this.#former.set(id, nowMs);
      const giver = now.find((nid) => before.includes(nid)) ?? before.find((nid) => nid === self);
      if (giver !== self) continue;
      for (const entry of entries) {
        if (!before.includes(bytesToHex(entry.nid)))
          this.#collect(byTarget, entry, this.index.recordsOf(key));
      }
    }
    this.#placeProvided(byTarget);
    for (const { entry, records } of byTarget.values()) this.#send(entry, records, nowMs, undefined);
  }

  /** The provider itself stores its records on members that became responsible. */
  #placeProvided(byTarget: Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>): void {
    for (const provided of this.#provided.values()) {
      const entries = this.#context.table.successors(provided.key, REPLICAS);
      for (const entry of entries) {
        if (!provided.holders.has(bytesToHex(entry.nid))) this.#collect(byTarget, entry, [provided.record]);
      }
      const responsible = new Set(entries.map((entry) => bytesToHex(entry.nid)));
      provided.holders = new Set([...provided.holders].filter((holder) => responsible.has(holder)));
    }
  }

  #collect(
    byTarget: Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>,
    entry: RingEntry,
    records: readonly ProviderRecord[],
  ): void {
    const id = bytesToHex(entry.nid);
    const held = byTarget.get(id);
    if (held === undefined) byTarget.set(id, { entry, records: [...records] });
    else held.records.push(...records);
  }

  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + this.#context.options.timing.sweepIntervalMs;
    this.index.sweep(nowMs);
    for (const key of [...this.index.keys()]) {
      const since = this.#former.get(bytesToHex(key));
      if (since !== undefined && nowMs - since >= this.#context.options.timing.formerReplicaMs)
        this.index.drop(key);
    }
    const held = new Set([...this.index.keys()].map(bytesToHex));
    for (const id of this.#placement.keys()) if (!held.has(id)) this.#placement.delete(id);
    for (const id of this.#former.keys()) if (!held.has(id)) this.#former.delete(id);
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
