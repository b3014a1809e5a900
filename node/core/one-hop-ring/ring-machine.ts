import { equalBytes, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Nid } from '../../../sdk/protocol/identifiers.ts';
import { Admitting } from './admitting.ts';
import { Departure } from './departure.ts';
import { Dissemination } from './dissemination.ts';
import { FailureDetection } from './failure-detection/failure-detection.ts';
import { GuestAllowance } from './guest-allowance.ts';
import { Joining } from './joining.ts';
import { MAX_INCARNATION } from './limits.ts';
import { Lookups } from './lookups.ts';
import type { MembershipEvent } from './membership-event.ts';
import { Membership } from './membership.ts';
import type { ProviderRecord } from './provider-record.ts';
import { Repair } from './reconciliation/repair.ts';
import { Replication } from './replication.ts';
import { contactOf, RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type {
  RingAction,
  RingContact,
  RingCounters,
  RingEvent,
  RingOptions,
  RingPorts,
} from './ring-ports.ts';
import type { RingTable } from './ring-table.ts';
import type { Ping, RingMessage, Spread, Testimony } from './wire-message.ts';

/**
 * Messages that only a member of the registry may send (guests may ask for lookups), without those of the tree, of which
 * there are most by far.
 */
type MemberMessage = Exclude<RingMessage, { kind: 'lookup-request' | 'spread' | 'acknowledgement' }>;

/**
 * One node of the ring as a pure machine: what happened and when in, what to do out (RING.md; SPEC.md beside this
 * file). It reads no clock, sets no timer and sends nothing itself. The caller executes the actions and calls again
 * with a `wake` event no later than `nextWakeMs`.
 */
export class RingMachine {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #dissemination: Dissemination;
  readonly #detection: FailureDetection;
  readonly #repair: Repair;
  readonly #replication: Replication;
  readonly #lookups: Lookups;
  readonly #joining: Joining;
  readonly #departure: Departure;
  readonly #admitting: Admitting;
  readonly #guests = new GuestAllowance();
  /** One signature suffices to make us speak; nobody makes us speak all the time. */
  #nextRefutationMs = 0;

  /** @throws RingError RING_SELF_NOT_ADMITTED */
  constructor(ports: RingPorts, options: RingOptions) {
    const context = new RingContext(ports, options);
    this.#context = context;
    this.#membership = new Membership(context);
    this.#dissemination = new Dissemination(context, (entry) => this.#detection.isDoubtful(entry.nid));
    this.#detection = new FailureDetection(context, this.#membership, {
      announce: (accusation, nowMs) => {
        this.#onNews([accusation], nowMs);
        this.#dissemination.announce(accusation, nowMs);
      },
      learned: (accusation, nowMs) => this.#onNews([accusation], nowMs),
      tell: (entry, accusation, nowMs) => this.#dissemination.tell(entry, [accusation], nowMs),
    });
    this.#repair = new Repair(context, this.#membership, {
      learn: (events, how, nowMs) => this.#learn(events, how, nowMs),
      check: (accusation, nowMs) => this.#detection.check(accusation, nowMs),
    });
    this.#replication = new Replication(context);
    this.#lookups = new Lookups(context, this.#membership, this.#replication.index);
    this.#joining = new Joining(context, this.#membership, {
      entered: (how, nowMs) => this.#entered(how, nowMs),
      reconcile: (peer, nowMs) => this.#repair.begin(peer, nowMs),
    });
    this.#departure = new Departure(context, this.#membership, this.#replication);
    this.#admitting = new Admitting(context, this.#membership, this.#replication, {
      announce: (event, nowMs) => this.#learn([event], { announce: true }, nowMs),
      isDoubtful: (nid) => this.#detection.isDoubtful(nid),
    });
  }

  /** The full table, for reading only. */
  get table(): RingTable {
    return this.#context.table;
  }

  get nid(): RingId {
    return this.#context.nid;
  }

  get counters(): Readonly<RingCounters> {
    return this.#context.counters;
  }

  get isMember(): boolean {
    return this.#joining.isMember;
  }

  /** Keys held for others and keys provided by this node. */
  get indexSize(): { readonly keys: number; readonly provided: number } {
    return { keys: this.#replication.index.keyCount, provided: this.#replication.providedCount };
  }

  /** Records in force that this node itself holds for a key, for reading only. */
  recordsHeld(key: RingId, nowMs: number): readonly ProviderRecord[] {
    return this.#replication.index.providersOf(key, nowMs);
  }

  /** Smoothed round trip to a member in milliseconds; NaN if never measured. */
  delayMsOf(nid: Nid): number {
    return this.#context.table.find(hexToBytes(nid))?.delayMs ?? Number.NaN;
  }

  /** @throws RingError RING_PROVIDED_FULL for one key too many */
  handle(event: RingEvent, nowMs: number): RingAction[] {
    this.#dispatch(event, nowMs);
    if (nowMs >= this.nextWakeMs()) this.#wake(nowMs);
    return this.#context.takeActions();
  }

  /** When to call with `wake` at the latest; Infinity if nothing is pending. */
  nextWakeMs(): number {
    return Math.min(
      this.#dissemination.nextMs(),
      this.#detection.nextMs(),
      this.#repair.nextMs(),
      this.#replication.nextMs(),
      this.#lookups.nextMs(),
      this.#joining.nextMs(),
      this.#departure.nextMs(),
    );
  }

  #dispatch(event: RingEvent, nowMs: number): void {
    switch (event.type) {
      case 'start':
        this.#detection.setContacts(event.seeds);
        return this.#joining.start(event.seeds, nowMs);
      case 'adopt':
        return this.#joining.adopt(nowMs);
      case 'message':
        return this.#onMessage(event.from, event.message, nowMs);
      case 'unreachable':
        return this.#onUnreachable(event, nowMs);
      case 'lookup':
        return this.#lookups.local(event.id, event.key, nowMs);
      case 'provide':
        return this.#replication.provide(event.key, nowMs);
      case 'unprovide':
        return this.#replication.unprovide(event.key, nowMs);
      case 'load':
        this.#context.load = event.load;
        return;
      case 'standing':
        this.#context.table.noteLoad(event.nid, event.load);
        if (event.delayMs !== undefined) this.#context.table.noteDelay(event.nid, event.delayMs);
        return;
      case 'addresses':
        this.#context.providerAddresses = event.providerAddresses;
        this.#renew(this.#context.record.incarnation + 1, event.addresses, nowMs);
        return this.#replication.republishAll(nowMs);
      case 'registry-refreshed':
        this.#detection.setContacts(event.contacts);
        this.#membership.registryRefreshed();
        return this.#replication.membershipChanged(nowMs);
      case 'leave':
        this.#detection.stop();
        return this.#departure.begin(nowMs);
      case 'wake':
        return;
    }
  }

  #wake(nowMs: number): void {
    this.#joining.wake(nowMs);
    this.#detection.wake(nowMs);
    this.#dissemination.wake(nowMs);
    this.#repair.wake(nowMs);
    this.#replication.wake(nowMs);
    this.#lookups.wake(nowMs);
    this.#departure.wake(nowMs);
  }

  #onMessage(from: Uint8Array, message: RingMessage, nowMs: number): void {
    const nid = this.#context.nidOfKey(from);
    if (message.unknownNames !== undefined) this.#context.emit({ type: 'registry-wanted' });
    if (message.kind === 'lookup-request') {
      if (nid === undefined && !this.#guests.take(from, nowMs)) {
        this.#context.counters.throttledGuests += 1;
        return;
      }
      return this.#lookups.remote(this.#contactFor(from, nid), message, { member: nid !== undefined }, nowMs);
    }
    if (nid === undefined) {
      this.#context.counters.strangers += 1;
      this.#context.emit({ type: 'registry-wanted' });
      return;
    }
    this.#detection.heard(nid, nowMs);
    // Nearly all messages; their answers need no address.
    if (message.kind === 'spread') return this.#onSpread(from, message, nowMs);
    if (message.kind === 'acknowledgement') {
      this.#departure.onAcknowledgement(from, message.requestId);
      return this.#dissemination.acknowledged(from, message.requestId, nowMs);
    }
    this.#onMemberMessage(this.#contactFor(from, nid), message, nowMs);
  }

  #onMemberMessage(from: RingContact, message: MemberMessage, nowMs: number): void {
    const { requestId } = message;
    switch (message.kind) {
      case 'ping':
        return this.#onPing(from, message, nowMs);
      case 'pong': {
        const report = this.#detection.onPong(from.publicKey, message, nowMs);
        this.#joining.onDigest(from, report.digest, nowMs);
        if (this.isMember) this.#repair.compare(from, report.digest, nowMs);
        return;
      }
      case 'indirect-ping':
        return this.#detection.onIndirectPing({ contact: from, requestId }, message.target, nowMs);
      case 'reached':
        return this.#detection.onReached(from, requestId, nowMs);
      case 'unreached':
        return this.#detection.onUnreached(from, requestId);
      case 'testimony':
        return this.#onTestimony(from, message, nowMs);
      case 'snapshot-request':
        return this.#admitting.onSnapshotRequest(from, message, this.isMember);
      case 'snapshot-page':
        return this.#joining.onSnapshotPage(message, nowMs);
      case 'join-request':
        if (!this.isMember || this.#departure.isLeaving) return;
        return this.#admitting.onJoinRequest(from, message, nowMs);
      case 'join-reply':
        return this.#joining.onJoinReply(requestId, message, nowMs);
      case 'leave-request':
        return this.#admitting.onLeaveRequest(from, message, nowMs);
      case 'store': {
        const stored = this.#replication.accept(message.records, nowMs);
        return this.#context.send(from, { kind: 'store-reply', requestId, stored });
      }
      case 'store-reply':
        return this.#replication.onStoreReply(from.publicKey, requestId, nowMs);
      case 'lookup-reply': {
        const corrections = this.#lookups.onReply(from.publicKey, message, nowMs);
        this.#learn(corrections, { announce: false }, nowMs);
        return;
      }
      default:
        return this.#repair.onMessage(from, message, nowMs);
    }
  }

  #onUnreachable(event: Extract<RingEvent, { type: 'unreachable' }>, nowMs: number): void {
    const { publicKey } = event;
    this.#joining.unreachable(publicKey, nowMs);
    this.#departure.unreachable(publicKey, nowMs);
    const nid = this.#context.nidOfKey(publicKey);
    if (nid === undefined) return;
    this.#detection.unreachable(nid, event.refused === true, nowMs);
    this.#lookups.unreachable(nid, nowMs);
    this.#dissemination.unreachable(nid, nowMs);
    this.#replication.unreachable(nid, nowMs);
  }

  #onPing(from: RingContact, message: Ping, nowMs: number): void {
    if (this.#departure.hasLeft) return;
    this.#sendPong(from, message.requestId);
    const nid = this.#context.nidOfKey(from.publicKey);
    if (nid === undefined) return;
    this.#context.table.noteLoad(nid, message.load);
    if (this.isMember) this.#detection.onPing(nid, nowMs);
  }

  #sendPong(to: RingContact, requestId: number): void {
    const { load, table } = this.#context;
    this.#context.send(to, { kind: 'pong', requestId, load, digest: table.digest });
  }

  #onTestimony(from: RingContact, message: Testimony, nowMs: number): void {
    const { accusation, requestId } = message;
    if (accusation === undefined) return;
    if (this.#context.isSelf(accusation.nid)) {
      // One signature is no failure yet: a sign of life ends the accuser's doubt, and the ring hears nothing of it.
      if (this.#membership.isProven(accusation)) this.#learn([accusation], { announce: false }, nowMs);
      else this.#sendPong(from, requestId);
    } else this.#detection.onTestimony({ contact: from, requestId }, accusation, nowMs);
  }

  #onSpread(from: Uint8Array, message: Spread, nowMs: number): void {
    this.#dissemination.accept(from, message);
    const risen = message.events.filter((event) => this.#isReturning(from, event));
    const applied = this.#applyAll(message.events, nowMs);
    const worth = applied.filter(({ verdict }) => verdict !== 'refused').map(({ event }) => event);
    this.#dissemination.forward(message.interval, worth, nowMs);
    for (const { event, verdict } of applied) {
      if (verdict === 'news' && risen.includes(event)) this.#dissemination.announce(event, nowMs);
    }
    if (worth.some((event) => event.kind !== 'record' && this.#context.isSelf(event.nid))) {
      this.#showThatWeLive(from, nowMs);
    }
  }

  /** A tombstone tells us itself that it lives: nobody else in our ring may know. */
  #isReturning(from: Uint8Array, event: MembershipEvent): boolean {
    if (event.kind !== 'record' || !equalBytes(event.record.publicKey, from)) return false;
    return this.#context.table.find(event.record.nid)?.state === 'failed';
  }

  /** Whoever accuses us gets our record: it refutes what the accuser believes. */
  #showThatWeLive(accuser: Uint8Array, nowMs: number): void {
    const nid = this.#context.nidOfKey(accuser);
    const entry = nid === undefined ? undefined : this.#context.table.find(nid);
    if (entry === undefined || !this.isMember) return;
    this.#dissemination.tell(entry, [{ kind: 'record', record: this.#context.record }], nowMs);
  }

  /** Applies events that came outside the tree; true if any was news. */
  #learn(
    events: readonly MembershipEvent[],
    options: { readonly announce: boolean },
    nowMs: number,
  ): boolean {
    const news = this.#applyAll(events, nowMs).filter(({ verdict }) => verdict === 'news');
    if (options.announce) for (const { event } of news) this.#dissemination.announce(event, nowMs);
    this.#joining.tableRepaired(nowMs);
    return news.length > 0;
  }

  #applyAll(
    events: readonly MembershipEvent[],
    nowMs: number,
  ): { event: MembershipEvent; verdict: string }[] {
    const applied = events.map((event) => ({ event, verdict: this.#membership.apply(event) }));
    const news = applied.filter(({ verdict }) => verdict === 'news').map(({ event }) => event);
    if (news.length > 0) this.#onNews(news, nowMs);
    for (const { event, verdict } of applied) if (verdict === 'self') this.#refute(event, nowMs);
    return applied;
  }

  /** Where members came or went, keys move; a suspect still owns its keys. */
  #onNews(news: readonly MembershipEvent[], nowMs: number): void {
    const positions: RingId[] = [];
    for (const event of news) {
      if (event.kind === 'failed') positions.push(event.nid);
      if (event.kind !== 'record') continue;
      positions.push(event.record.nid);
      this.#dissemination.noteNewcomer(event.record.nid, nowMs);
    }
    if (positions.length > 0) this.#replication.membershipChanged(nowMs, positions);
  }

  /** Somebody believes us silent, gone, or of a later incarnation: rise above it and say so. */
  #refute(event: MembershipEvent, nowMs: number): void {
    if (!this.isMember || this.#departure.isLeaving) return;
    const claimed = event.kind === 'record' ? event.record.incarnation : event.incarnation;
    if (claimed < this.#context.record.incarnation || claimed >= MAX_INCARNATION) return;
    if (nowMs < this.#nextRefutationMs) return;
    const { keepAliveIntervalMs, tombstoneProbeIntervalMs } = this.#context.options.timing;
    const isProven = event.kind !== 'record' && this.#membership.isProven(event);
    this.#nextRefutationMs = nowMs + (isProven ? keepAliveIntervalMs : tombstoneProbeIntervalMs);
    this.#context.counters.refutations += 1;
    this.#renew(claimed + 1, this.#context.record.addresses, nowMs);
  }

  #renew(incarnation: number, addresses: readonly string[], nowMs: number): void {
    const record = this.#context.signOwnRecord(incarnation, { departed: false, addresses });
    this.#context.record = record;
    if (!this.isMember) return;
    this.#membership.applyOwnRecord(record);
    this.#dissemination.announce({ kind: 'record', record }, nowMs);
  }

  #entered(how: { readonly announce: boolean }, nowMs: number): void {
    this.#detection.start(nowMs);
    this.#replication.start(nowMs);
    if (how.announce) this.#dissemination.announce({ kind: 'record', record: this.#context.record }, nowMs);
    this.#context.emit({ type: 'joined' });
  }

  /** Answers go back over the connection that the question came by; its key is enough. */
  #contactFor(publicKey: Uint8Array, nid: RingId | undefined): RingContact {
    const entry = nid === undefined ? undefined : this.#context.table.find(nid);
    return entry === undefined ? { publicKey, addresses: [] } : contactOf(entry);
  }
}
