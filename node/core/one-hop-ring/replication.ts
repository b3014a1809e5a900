import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contains, type IdInterval } from './id-interval.ts';
import { MAX_CLOCK_SKEW_MS, MAX_PROVIDED_KEYS, REPLICAS } from './limits.ts';
import { ProvidedKeys, type ProvidedKey } from './provided-keys.ts';
import { ProviderIndex } from './provider-index.ts';
import { signProviderRecord, verifyProviderRecord, type ProviderRecord } from './provider-record.ts';
import { RecordTransfer } from './record-transfer.ts';
import { isNear, keysServedBy } from './responsibility.ts';
import { RingError } from './ring-error.ts';
import type { RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import type { RingEntry } from './ring-table.ts';

/** Changed members remembered until the next look at the placement; beyond it every key is looked at. */
const MAX_CHANGES = 64;
/** A change so many members away touches no key that is held here: r before the key, r behind it, r for tables that differ. */
const NEIGHBOURHOOD = 3 * REPLICAS;

/** A member, or a node about to become one. */
type Target = Pick<RingEntry, 'nid'> & { readonly record: RingContact };

/** Keeps every key on the first r members after it: publishing, republishing and moving (RING.md, index). */
export class Replication {
  readonly index = new ProviderIndex();
  readonly #context: RingContext;
  readonly #transfer: RecordTransfer;
  readonly #provided = new ProvidedKeys();
  /** Responsible members of each held key at the last look. */
  readonly #placement = new Map<Hex, readonly Hex[]>();
  /** Keys that are no longer ours, and since when. */
  readonly #former = new Map<Hex, number>();
  /** Positions at which members came or went since the last look. */
  #changed: Map<Hex, RingId> | 'all' = 'all';
  #rebalanceAtMs = Infinity;
  #sweepAtMs = Infinity;
  #republishAtMs = Infinity;
  #lastSequence = 0;

  constructor(context: RingContext) {
    this.#context = context;
    this.#transfer = new RecordTransfer(context, (on, records) => {
      this.#noteHolder(on, records);
    });
  }

  start(nowMs: number): void {
    this.#sweepAtMs = nowMs + this.#context.options.timing.sweepIntervalMs;
    this.#rebalanceAtMs = nowMs;
    this.#changed = 'all';
  }

  get providedCount(): number {
    return this.#provided.size;
  }

  /** @throws RingError RING_PROVIDED_FULL */
  provide(key: RingId, nowMs: number): void {
    if (this.#provided.get(key) === undefined && this.#provided.size >= MAX_PROVIDED_KEYS) {
      throw new RingError('RING_PROVIDED_FULL', 'This node provides as many keys as it may.', {
        keys: MAX_PROVIDED_KEYS,
      });
    }
    this.#publish(key, nowMs);
  }

  /** Stores a withdrawal over the record. */
  unprovide(key: RingId, nowMs: number): void {
    if (!this.#provided.delete(key)) return;
    const record = this.#sign(key, { withdrawn: true }, nowMs);
    this.#storeOn(this.#context.table.successors(key, REPLICAS), [record], nowMs);
  }

  /** The addresses of the content changed: every record is signed anew. */
  republishAll(nowMs: number): void {
    for (const provided of this.#provided.all()) provided.republishAtMs = nowMs;
    this.#republishAtMs = nowMs;
  }

  /** Records of another member. @returns how many are kept now */
  accept(records: readonly ProviderRecord[], nowMs: number): number {
    let stored = 0;
    for (const record of records) if (this.#keep(record, nowMs)) stored += 1;
    return stored;
  }

  onStoreReply(from: Uint8Array, requestId: number, nowMs: number): void {
    this.#transfer.onStoreReply(from, requestId, nowMs);
  }

  /**
   * Members came or went: look at the placement soon.
   * @param positions where; all of them unknown if absent
   */
  membershipChanged(nowMs: number, positions?: readonly RingId[]): void {
    // What comes later is placed by the table of then.
    if (this.index.keyCount === 0 && this.#provided.size === 0) return;
    const { rebalanceDelayMs } = this.#context.options.timing;
    this.#rebalanceAtMs = Math.min(this.#rebalanceAtMs, nowMs + rebalanceDelayMs);
    if (positions === undefined) this.#changed = 'all';
    if (this.#changed === 'all') return;
    for (const position of positions ?? []) this.#changed.set(bytesToHex(position), position);
    if (this.#changed.size > MAX_CHANGES) this.#changed = 'all';
  }

  /**
   * Hands every held key that a joining member will be responsible for to it, before it is announced.
   * @param done called once all of it is stored, or at once if there is nothing
   */
  handOver(to: RingContact, nid: RingId, nowMs: number, done: (nowMs: number) => void): void {
    const served = keysServedBy(this.#context.table, nid, REPLICAS);
    const keys = [...this.index.keys()].filter((key) => contains(served, key));
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
    this.#transfer.unreachable(nid, nowMs);
  }

  wake(nowMs: number): void {
    this.#transfer.wake(nowMs);
    if (nowMs >= this.#rebalanceAtMs) this.#rebalance(nowMs);
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    if (nowMs >= this.#republishAtMs) this.#republish(nowMs);
  }

  nextMs(): number {
    return Math.min(this.#transfer.nextMs(), this.#rebalanceAtMs, this.#sweepAtMs, this.#republishAtMs);
  }

  #publish(key: RingId, nowMs: number): void {
    const record = this.#renewProvided(key, nowMs);
    this.#storeOn(this.#context.table.successors(key, REPLICAS), [record], nowMs);
  }

  #renewProvided(key: RingId, nowMs: number): ProviderRecord {
    const record = this.#sign(key, { withdrawn: false }, nowMs);
    const republishAtMs = nowMs + this.#context.options.timing.republishIntervalMs;
    this.#provided.set({ key, record, holders: new Set(), republishAtMs });
    this.#republishAtMs = Math.min(this.#republishAtMs, republishAtMs);
    return record;
  }

  /** Everything due, batched for each holder. */
  #republish(nowMs: number): void {
    this.#republishAtMs = Infinity;
    const byTarget = new Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>();
    for (const provided of [...this.#provided.all()]) {
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

  /** Sends records, or keeps them if the target is this node. */
  #send(
    entry: Target,
    records: readonly ProviderRecord[],
    nowMs: number,
    done: ((nowMs: number) => void) | undefined,
  ): void {
    if (!this.#context.isSelf(entry.nid) && records.length > 0) {
      this.#transfer.send(entry, records, nowMs, done);
      return;
    }
    this.accept(records, nowMs);
    this.#noteHolder(entry.nid, records);
    done?.(nowMs);
  }

  #noteHolder(nid: RingId, records: readonly ProviderRecord[]): void {
    const holder = bytesToHex(nid);
    for (const record of records) {
      const provided = this.#provided.get(record.key);
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
    if (verdict === 'stored') this.#place(record.key, nowMs);
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

  /** Notes who is responsible for a held key now, and since when we are not. @returns who was before, and is now */
  #place(key: RingId, nowMs: number): { before: readonly Hex[]; now: readonly Hex[]; entries: RingEntry[] } {
    const id = bytesToHex(key);
    const before = this.#placement.get(id) ?? [];
    const entries = this.#context.table.successors(key, REPLICAS);
    const now = entries.map((entry) => bytesToHex(entry.nid));
    this.#placement.set(id, now);
    if (entries.some((entry) => this.#context.isSelf(entry.nid))) this.#former.delete(id);
    else if (!this.#former.has(id)) this.#former.set(id, nowMs);
    return { before, now, entries };
  }

  /** Looks at the keys whose responsible members may have changed. */
  #rebalance(nowMs: number): void {
    this.#rebalanceAtMs = Infinity;
    const { table, nid } = this.#context;
    const changed = this.#changed === 'all' ? undefined : [...this.#changed.values()];
    this.#changed = new Map();
    const byTarget = new Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>();
    const isNearby = (position: RingId): boolean => isNear(table, position, nid, NEIGHBOURHOOD);
    const affected = (position: RingId): IdInterval => keysServedBy(table, position, REPLICAS);
    const held = changed?.filter(isNearby).map(affected);
    if (held?.length !== 0) {
      for (const key of this.index.keys()) {
        if (held?.some((interval) => contains(interval, key)) ?? true) this.#moveHeld(key, byTarget, nowMs);
      }
    }
    const provided = new Set(changed === undefined ? this.#provided.all() : []);
    for (const position of changed ?? []) {
      for (const each of this.#provided.within(affected(position))) provided.add(each);
    }
    this.#placeProvided(provided, byTarget);
    for (const { entry, records } of byTarget.values()) this.#send(entry, records, nowMs, undefined);
  }

  /** Newly responsible members get the key from the first member that was and still is responsible. */
  #moveHeld(
    key: RingId,
    byTarget: Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>,
    nowMs: number,
  ): void {
    const { before, now, entries } = this.#place(key, nowMs);
    const self = bytesToHex(this.#context.nid);
    const giver = now.find((nid) => before.includes(nid)) ?? before.find((nid) => nid === self);
    if (giver !== self) return;
    entries.forEach((entry, i) => {
      if (!before.includes(now[i] ?? self)) this.#collect(byTarget, entry, this.index.recordsOf(key));
    });
  }

  /** The provider itself stores its records on members that became responsible. */
  #placeProvided(
    keys: Iterable<ProvidedKey>,
    byTarget: Map<Hex, { entry: RingEntry; records: ProviderRecord[] }>,
  ): void {
    for (const provided of keys) {
      const entries = this.#context.table.successors(provided.key, REPLICAS);
      const responsible = new Set<Hex>();
      for (const entry of entries) {
        const id = bytesToHex(entry.nid);
        responsible.add(id);
        if (!provided.holders.has(id)) this.#collect(byTarget, entry, [provided.record]);
      }
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
    for (const [id, since] of this.#former) {
      if (nowMs - since >= this.#context.options.timing.formerReplicaMs) this.index.drop(hexToBytes(id));
    }
    this.index.sweep(nowMs);
    for (const id of this.#placement.keys()) if (!this.index.has(id)) this.#placement.delete(id);
    for (const id of this.#former.keys()) if (!this.index.has(id)) this.#former.delete(id);
  }
}
