import { bytesToHex, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { arcBits, arcOf, leaderOf } from './arcs.ts';
import { Deadlines } from './deadlines.ts';
import { eventBatches } from './event-batches.ts';
import { isWholeRing, pointInterval, type IdInterval } from './id-interval.ts';
import { splitDuty } from './interval-tree.ts';
import { MAX_PENDING_SPREADS, MAX_SEEN_SPREADS } from './limits.ts';
import { eventKey, type MembershipEvent } from './membership-event.ts';
import type { RingId } from './ring-identifier.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import type { RingEntry } from './ring-table.ts';
import type { Spread } from './wire-message.ts';

/** A child is sent the same events this often before the parent leaves it to the failure detector. */
const MAX_ATTEMPTS = 3;

interface PendingSpread {
  readonly child: RingId;
  readonly interval: IdInterval;
  readonly events: readonly MembershipEvent[];
  readonly attempt: number;
}

/** Spreads membership events down the tree of arcs, with acknowledgements (RING.md, events and the tree). */
export class Dissemination {
  readonly #context: RingContext;
  readonly #isDoubtful: (entry: RingEntry) => boolean;
  readonly #pending = new Deadlines<number, PendingSpread>();
  /** Events handed to a leader that have not come back through the tree. */
  readonly #unconfirmed = new Deadlines<string, MembershipEvent>();
  readonly #seen = new Set<string>();
  #batch = new Map<string, MembershipEvent>();
  #flushAtMs = Infinity;

  /** @param isDoubtful members that should not head a subtree now */
  constructor(context: RingContext, isDoubtful: (entry: RingEntry) => boolean) {
    this.#context = context;
    this.#isDoubtful = isDoubtful;
  }

  /** Announces an event of our own discovery to the whole ring. The table already knows it. */
  announce(event: MembershipEvent, nowMs: number): void {
    const leader = this.#ownLeader();
    if (leader === undefined || this.#context.isSelf(leader.nid)) {
      this.#addToBatch([event], nowMs);
      return;
    }
    this.#unconfirmed.set(eventKey(event), event, nowMs + this.#context.options.timing.relayConfirmMs);
    const wholeRing = { from: this.#context.nid, to: this.#context.nid };
    this.#sendTo(leader, { interval: wholeRing, events: [event], attempt: 1 }, nowMs);
  }

  /** Sends events to one member only. */
  tell(entry: RingEntry, events: readonly MembershipEvent[], nowMs: number): void {
    this.#sendTo(entry, { interval: pointInterval(entry.nid), events, attempt: 1 }, nowMs);
  }

  /** True for a first arrival: its events are to be applied, then passed to `forward`. */
  accept(from: Uint8Array, message: Spread): boolean {
    this.#context.send(
      { publicKey: from, addresses: [] },
      { kind: 'acknowledgement', requestId: message.requestId },
    );
    for (const event of message.events) this.#unconfirmed.take(eventKey(event));
    const key = `${bytesToHex(from)} ${message.requestId}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    const oldest = this.#seen.values().next();
    if (this.#seen.size > MAX_SEEN_SPREADS && oldest.done !== true) this.#seen.delete(oldest.value);
    return true;
  }

  /** Covers the interval of an accepted message with those of its events that are worth passing on. */
  forward(interval: IdInterval, events: readonly MembershipEvent[], nowMs: number): void {
    if (events.length === 0) return;
    if (isWholeRing(interval)) this.#addToBatch(events, nowMs);
    else this.#cover(interval, events, [this.#context.nid], nowMs);
  }

  acknowledged(from: Uint8Array, requestId: number): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    const nid = this.#context.nidOfKey(from);
    if (nid !== undefined && equalBytes(nid, pending.child)) this.#pending.take(requestId);
  }

  /** A parent takes over the children of a child that cannot be reached. */
  unreachable(nid: RingId, nowMs: number): void {
    for (const [requestId, pending] of [...this.#pending.entries()]) {
      if (pending.attempt > 1 || !equalBytes(pending.child, nid)) continue;
      const dueMs = nowMs + this.#context.options.timing.spreadAckTimeoutMs;
      this.#pending.set(requestId, { ...pending, attempt: 2 }, dueMs);
      this.#takeOver(pending, nowMs);
    }
  }

  wake(nowMs: number): void {
    if (nowMs >= this.#flushAtMs) this.#flush(nowMs);
    for (const [, pending] of this.#pending.due(nowMs)) this.#retry(pending, nowMs);
    for (const [, event] of this.#unconfirmed.due(nowMs)) this.#addToBatch([event], nowMs);
  }

  nextMs(): number {
    return Math.min(this.#flushAtMs, this.#pending.nextMs(), this.#unconfirmed.nextMs());
  }

  #ownLeader(): RingEntry | undefined {
    const { table, nid } = this.#context;
    return leaderOf(table, arcOf(nid, arcBits(table.ringSize)), this.#isDoubtful);
  }

  #addToBatch(events: readonly MembershipEvent[], nowMs: number): void {
    for (const event of events) this.#batch.set(eventKey(event), event);
    const flushAtMs = nowMs + this.#context.options.timing.batchDelayMs;
    this.#flushAtMs = Math.min(this.#flushAtMs, flushAtMs);
  }

  #flush(nowMs: number): void {
    const events = [...this.#batch.values()];
    this.#batch = new Map();
    this.#flushAtMs = Infinity;
    const { nid } = this.#context;
    this.#cover({ from: nid, to: nid }, events, [nid], nowMs);
  }

  #cover(
    interval: IdInterval,
    events: readonly MembershipEvent[],
    excluded: readonly RingId[],
    nowMs: number,
  ): void {
    const delegations = splitDuty(this.#context.table, interval, excluded, (entry) => this.#avoid(entry));
    for (const { child, interval: duty } of delegations) {
      this.#sendTo(child, { interval: duty, events, attempt: 1 }, nowMs);
    }
  }

  #avoid(entry: RingEntry): boolean {
    return entry.state !== 'alive' || this.#isDoubtful(entry);
  }

  #sendTo(child: RingEntry, spread: Omit<PendingSpread, 'child'>, nowMs: number): void {
    for (const events of eventBatches(spread.events)) {
      const { interval, attempt } = spread;
      const requestId = this.#context.request(contactOf(child), { kind: 'spread', interval, events });
      if (this.#pending.size >= MAX_PENDING_SPREADS) continue;
      const dueMs = nowMs + this.#context.options.timing.spreadAckTimeoutMs;
      this.#pending.set(requestId, { child: child.nid, interval, events, attempt }, dueMs);
    }
  }

  #retry(pending: PendingSpread, nowMs: number): void {
    if (pending.attempt === 1) this.#takeOver(pending, nowMs);
    if (pending.attempt >= MAX_ATTEMPTS) return;
    const child = this.#context.table.find(pending.child);
    if (child === undefined || !this.#context.table.isInRing(child.nid)) return;
    const interval = pointInterval(child.nid);
    this.#sendTo(child, { interval, events: pending.events, attempt: pending.attempt + 1 }, nowMs);
  }

  /** The silent child keeps only its own position; everything else of its interval is split again. */
  #takeOver(pending: PendingSpread, nowMs: number): void {
    if (isWholeRing(pending.interval)) {
      this.#addToBatch(pending.events, nowMs);
      return;
    }
    this.#cover(pending.interval, pending.events, [this.#context.nid, pending.child], nowMs);
  }
}
