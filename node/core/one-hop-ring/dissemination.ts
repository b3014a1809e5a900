import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { AckTimeout } from './ack-timeout.ts';
import { arcBits, arcInterval, arcOf, leaderOf } from './arcs.ts';
import { CoveredEvents } from './covered-events.ts';
import { Deadlines } from './deadlines.ts';
import { eventBatches } from './event-batches.ts';
import { cellOf, includes, isWholeRing, WHOLE_RING, type IdInterval } from './id-interval.ts';
import { splitDuty } from './interval-tree.ts';
import {
  LATE_ACKNOWLEDGEMENT_MS,
  MAX_PENDING_SPREADS,
  NEWCOMER_MS,
  SILENT_CHILD_MEMORY_MS,
} from './limits.ts';
import { eventKey, type MembershipEvent } from './membership-event.ts';
import { PacedDuties, type Duty } from './paced-duties.ts';
import type { RingId } from './ring-identifier.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import type { RingEntry } from './ring-table.ts';
import type { Spread } from './wire-message.ts';

/** A child is sent the same events this often before the parent leaves it to the failure detector. */
const MAX_ATTEMPTS = 3;

interface PendingSpread extends Duty {
  readonly child: RingId;
  readonly attempt: number;
  readonly sentMs: number;
}

/** Spreads membership events down the tree of arcs, with acknowledgements (RING.md, events and the tree). */
export class Dissemination {
  readonly #context: RingContext;
  readonly #isDoubtful: (entry: RingEntry) => boolean;
  readonly #ackTimeout: AckTimeout;
  readonly #paced: PacedDuties;
  readonly #covered = new CoveredEvents();
  readonly #pending = new Deadlines<number, PendingSpread>();
  /** Taken over already; a late acknowledgement still tells the delay. */
  readonly #late = new Deadlines<number, PendingSpread>();
  /** Children that did not acknowledge lately. */
  readonly #silent = new Deadlines<Hex, true>();
  /** Members whose record came a moment ago: reaching them takes a dial of several round trips. */
  readonly #newcomers = new Deadlines<Hex, true>();
  /** Events handed to a leader that have not come back through the tree. */
  readonly #unconfirmed = new Deadlines<string, MembershipEvent>();

  /** @param isDoubtful members that should not head a subtree now */
  constructor(context: RingContext, isDoubtful: (entry: RingEntry) => boolean) {
    this.#context = context;
    this.#isDoubtful = isDoubtful;
    this.#ackTimeout = new AckTimeout(context.options.timing);
    this.#paced = new PacedDuties(context.options.timing.batchDelayMs);
  }

  /** Announces an event of our own discovery to the whole ring. The table already knows it. */
  announce(event: MembershipEvent, nowMs: number): void {
    const leader = this.#ownLeader();
    if (leader === undefined || this.#context.isSelf(leader.nid)) {
      this.#coverRing([event], nowMs);
      return;
    }
    this.#unconfirmed.set(eventKey(event), event, nowMs + this.#context.options.timing.relayConfirmMs);
    this.#sendTo(leader, { interval: WHOLE_RING, events: [event] }, 1, nowMs);
  }

  /** A record brought this member, or brought it back. */
  noteNewcomer(nid: RingId, nowMs: number): void {
    const entry = this.#context.table.find(nid);
    if (entry?.state !== 'alive' || !Number.isNaN(entry.delayMs)) return;
    this.#newcomers.set(bytesToHex(nid), true, nowMs + NEWCOMER_MS);
  }

  /** Sends events to one member only. */
  tell(entry: RingEntry, events: readonly MembershipEvent[], nowMs: number): void {
    this.#sendTo(entry, { interval: cellOf(entry.nid), events }, 1, nowMs);
  }

  /**
   * Takes a message. Unless it names somebody unknown to us it is acknowledged: then its sender relies on us for the
   * interval. Otherwise the sender, who knows the name, goes around us.
   */
  accept(from: Uint8Array, message: Spread): void {
    if (message.unknownNames === undefined) {
      const { requestId } = message;
      this.#context.send({ publicKey: from, addresses: [] }, { kind: 'acknowledgement', requestId });
    }
    if (this.#unconfirmed.size === 0) return;
    for (const event of message.events) this.#unconfirmed.take(eventKey(event));
  }

  /** Covers the interval of an accepted message with those of its events that are worth passing on. */
  forward(interval: IdInterval, events: readonly MembershipEvent[], nowMs: number): void {
    if (events.length === 0 || this.#isLeafOf(interval)) return;
    const fresh = this.#covered.takeNew(interval, events, nowMs);
    if (fresh.length === 0) return;
    if (this.#coversOwnArc(interval)) this.#pace({ interval, events: fresh }, nowMs);
    else this.#cover({ interval, events: fresh }, [], nowMs);
  }

  acknowledged(from: Uint8Array, requestId: number, nowMs: number): void {
    const pending = this.#pending.get(requestId) ?? this.#late.get(requestId);
    if (pending === undefined) return;
    const nid = this.#context.nidOfKey(from);
    if (nid === undefined || !equalBytes(nid, pending.child)) return;
    this.#pending.take(requestId);
    this.#late.take(requestId);
    if (this.#silent.size > 0) this.#silent.take(bytesToHex(nid));
    this.#ackTimeout.observe(nowMs - pending.sentMs);
    this.#context.table.noteDelay(nid, nowMs - pending.sentMs);
  }

  /** A parent takes over the children of a child that cannot be reached. */
  unreachable(nid: RingId, nowMs: number): void {
    for (const [requestId, pending] of [...this.#pending.entries()]) {
      if (pending.attempt > 1 || !equalBytes(pending.child, nid)) continue;
      this.#pending.set(requestId, { ...pending, attempt: 2 }, nowMs + this.#timeoutMs(pending.child, 2));
      this.#takeOver(pending, nowMs);
    }
  }

  wake(nowMs: number): void {
    for (const duty of this.#paced.due(nowMs)) this.#cover(duty, [], nowMs);
    this.#retryDue(nowMs);
    for (const [, event] of this.#unconfirmed.due(nowMs)) this.#coverRing([event], nowMs);
    this.#late.due(nowMs);
    this.#silent.due(nowMs);
    this.#newcomers.due(nowMs);
  }

  nextMs(): number {
    return Math.min(this.#paced.nextMs(), this.#pending.nextMs(), this.#unconfirmed.nextMs());
  }

  #ownLeader(): RingEntry | undefined {
    const { table, nid } = this.#context;
    return leaderOf(table, arcOf(nid, arcBits(table.ringSize)), (entry) => this.#avoid(entry));
  }

  /** Nobody else that we know lies in the interval. */
  #isLeafOf(interval: IdInterval): boolean {
    const { count, first } = this.#context.table.ringRange(interval);
    return count === 0 || (count === 1 && this.#context.isSelf(this.#context.table.ringEntryAt(first).nid));
  }

  /** Are we asked to act as a leader, of the ring or of our arc? Then events come from many sides. */
  #coversOwnArc(interval: IdInterval): boolean {
    const bits = arcBits(this.#context.table.ringSize);
    return includes(interval, arcInterval(arcOf(this.#context.nid, bits), bits));
  }

  /** Acts as a leader, but not twice for one event. */
  #coverRing(events: readonly MembershipEvent[], nowMs: number): void {
    const fresh = this.#covered.takeNew(WHOLE_RING, events, nowMs);
    if (fresh.length > 0) this.#pace({ interval: WHOLE_RING, events: fresh }, nowMs);
  }

  #pace(duty: Duty, nowMs: number): void {
    const now = this.#paced.add(duty, nowMs);
    if (now !== undefined) this.#cover(now, [], nowMs);
  }

  /** @param silent children of an earlier attempt, who keep their own positions only */
  #cover(duty: Duty, silent: readonly RingId[], nowMs: number): void {
    const excluded = [this.#context.nid, ...silent];
    const delegations = splitDuty(this.#context.table, duty.interval, excluded, (entry) =>
      this.#avoid(entry),
    );
    for (const { child, interval } of delegations) {
      this.#sendTo(child, { interval, events: duty.events }, 1, nowMs);
    }
  }

  #avoid(entry: RingEntry): boolean {
    if (entry.state !== 'alive' || this.#isDoubtful(entry)) return true;
    if (this.#silent.size > 0 && this.#silent.has(bytesToHex(entry.nid))) return true;
    if (this.#newcomers.size === 0 || !Number.isNaN(entry.delayMs)) return false;
    return this.#newcomers.has(bytesToHex(entry.nid));
  }

  #sendTo(child: RingEntry, duty: Duty, attempt: number, nowMs: number): void {
    const timeoutMs = this.#ackTimeout.forChild(child.delayMs) * 2 ** (attempt - 1);
    for (const events of eventBatches(duty.events)) {
      const { interval } = duty;
      const requestId = this.#context.request(contactOf(child), { kind: 'spread', interval, events });
      if (this.#pending.size >= MAX_PENDING_SPREADS) continue;
      const pending = { child: child.nid, interval, events, attempt, sentMs: nowMs };
      this.#pending.set(requestId, pending, nowMs + timeoutMs);
    }
  }

  #timeoutMs(child: RingId, attempt: number): number {
    const delayMs = this.#context.table.find(child)?.delayMs ?? Number.NaN;
    return this.#ackTimeout.forChild(delayMs) * 2 ** (attempt - 1);
  }

  /** Whose time is up. If we were late ourselves, the acknowledgements may be waiting behind this wake. */
  #retryDue(nowMs: number): void {
    const latenessMs = nowMs - this.#pending.nextMs();
    const isLate = latenessMs > this.#context.options.timing.stallToleranceMs;
    for (const [requestId, pending] of this.#pending.due(nowMs)) {
      if (isLate) this.#pending.set(requestId, pending, nowMs + this.#timeoutMs(pending.child, 1));
      else this.#retry(requestId, pending, nowMs);
    }
  }

  #retry(requestId: number, pending: PendingSpread, nowMs: number): void {
    this.#late.set(requestId, pending, nowMs + LATE_ACKNOWLEDGEMENT_MS);
    if (pending.attempt === 1) this.#takeOver(pending, nowMs);
    if (pending.attempt >= MAX_ATTEMPTS) return;
    const child = this.#context.table.find(pending.child);
    if (child === undefined || !this.#context.table.isInRing(child.nid)) return;
    const duty = { interval: cellOf(child.nid), events: pending.events };
    this.#sendTo(child, duty, pending.attempt + 1, nowMs);
  }

  /** The silent child keeps only its own position; everything else of its interval is split again. */
  #takeOver(pending: PendingSpread, nowMs: number): void {
    this.#silent.set(bytesToHex(pending.child), true, nowMs + SILENT_CHILD_MEMORY_MS);
    if (isWholeRing(pending.interval)) this.#coverRing(pending.events, nowMs);
    else this.#cover(pending, [pending.child], nowMs);
  }
}
