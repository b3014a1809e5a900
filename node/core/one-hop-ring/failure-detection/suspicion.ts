import { bytesToHex, compareBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { Deadlines } from '../deadlines.ts';
import { MAX_WATCHES } from '../limits.ts';
import type { Accusation } from '../membership-event.ts';
import type { Membership } from '../membership.ts';
import { contactOf, type RingContext } from '../ring-context.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import { AskingOthers } from './asking-others.ts';
import type { LocalHealth } from './local-health.ts';
import type { Probes } from './probes.ts';
import { Testimonies } from './testimonies.ts';
import { newWatch, type Asker, type Watch, type WatchStage } from './watch.ts';

/** Refused connections that shorten the wait: nobody listens, so nobody stands still. */
const CONVINCING_REFUSALS = 2;
/** The longest part of a member's round trip that is added to its silence. */
const MAX_DELAY_ADDED_MS = 1_000;
/** Keep-alive intervals between two attempts to find a second witness. */
const TESTIFY_EVERY = 2;
const DOUBTED: readonly WatchStage[] = ['silent', 'suspect', 'testified', 'announcing'];

/** What the course against a member does to the rest of the machine. */
export interface SuspicionEffects {
  /** A failure of our own finding, already in the table: tell the ring. */
  readonly announce: (accusation: Accusation, nowMs: number) => void;
  /** A failure that others announce entered the table. */
  readonly learned: (accusation: Accusation, nowMs: number) => void;
  /** Let this member hear what is said of it. */
  readonly tell: (entry: RingEntry, accusation: Accusation, nowMs: number) => void;
}

/**
 * The course from a first missed answer to a failure under two signatures (SPEC.md, failure): a second probe and
 * indirect ones, suspicion, own testimony, and the announcement by the first who holds two. Any answer ends it.
 */
export class Suspicion {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #probes: Probes;
  readonly #health: LocalHealth;
  readonly #effects: SuspicionEffects;
  readonly #others: AskingOthers;
  readonly #testimonies = new Testimonies();
  readonly #watches = new Deadlines<Hex, Watch>();

  constructor(
    parts: {
      readonly context: RingContext;
      readonly membership: Membership;
      readonly probes: Probes;
      readonly health: LocalHealth;
    },
    effects: SuspicionEffects,
  ) {
    this.#context = parts.context;
    this.#membership = parts.membership;
    this.#probes = parts.probes;
    this.#health = parts.health;
    this.#others = new AskingOthers(parts.context);
    this.#effects = effects;
  }

  isWatched(nid: RingId): boolean {
    return this.#watches.size > 0 && this.#watches.has(bytesToHex(nid));
  }

  /** It missed its first timeout and has not answered since. */
  isSilent(nid: RingId): boolean {
    const watch = this.#watches.size > 0 ? this.#watches.get(bytesToHex(nid)) : undefined;
    return watch !== undefined && DOUBTED.includes(watch.stage);
  }

  /** Sends a probe; an answer ends the watch. Undefined if too many are watched already. */
  watch(entry: RingEntry, nowMs: number): Watch | undefined {
    const watch = this.#heldOrNew(entry, nowMs);
    if (watch !== undefined) watch.forOthers = false;
    return watch;
  }

  /** Its host refused the connection. */
  refused(nid: RingId): void {
    const watch = this.#watches.get(bytesToHex(nid));
    if (watch !== undefined) watch.refusals += 1;
  }

  /** Anything at all came from this member. */
  answered(nid: RingId, nowMs: number): void {
    const id = bytesToHex(nid);
    const watch = this.#watches.take(id);
    if (watch !== undefined) {
      this.#health.answered();
      this.#others.answerAskers(watch, 'reached');
      this.#others.forget(watch);
      this.#testimonies.forget(nid);
    }
    const entry = this.#context.table.find(nid);
    if (entry === undefined) return;
    const accusation = entry.state === 'failed' ? this.#membership.accusationOf(nid) : watch?.evidence;
    if (accusation !== undefined) this.#effects.tell(entry, accusation, nowMs);
  }

  /** Another member wants this one probed. */
  onIndirectPing(asker: Asker, target: RingId, nowMs: number): void {
    const { table } = this.#context;
    const entry = table.find(target);
    if (entry === undefined || this.#context.isSelf(target) || !table.isInRing(target)) return;
    const watch = this.#watchForOthers(entry, nowMs);
    if (watch === undefined) return;
    this.#others.addAsker(watch, asker);
    if (watch.stage !== 'asked') {
      this.#context.send(asker.contact, { kind: 'unreached', requestId: asker.requestId });
    }
  }

  /** One of those we asked reached the member: believed once, then our own silence counts. */
  onReached(from: RingContact, requestId: number, nowMs: number): void {
    const watch = this.#askedAbout(from, requestId);
    const voucher = bytesToHex(from.publicKey);
    if (watch === undefined || watch.vouchers.has(voucher)) return;
    watch.vouchers.add(voucher);
    const entry = this.#context.table.find(watch.nid);
    if (entry !== undefined) this.#begin(newWatch(entry, nowMs, watch), entry, nowMs);
  }

  onUnreached(from: RingContact, requestId: number): void {
    this.#askedAbout(from, requestId);
  }

  /** An observer signs that a member is gone. */
  onTestimony(asker: Asker, accusation: Accusation, nowMs: number): void {
    const { table } = this.#context;
    const entry = table.find(accusation.nid);
    if (accusation.kind !== 'failed' || entry === undefined || !table.isInRing(entry.nid)) return;
    if (entry.incarnation !== accusation.incarnation) return;
    if (this.#membership.isProven(accusation)) {
      this.#believe(accusation, nowMs);
      return;
    }
    if (!this.#membership.isGenuine(accusation)) {
      this.#context.counters.refusedEvents += 1;
      return;
    }
    this.#testimonies.add(accusation);
    const watch = this.#watchForOthers(entry, nowMs);
    if (watch === undefined) return;
    this.#others.addAsker(watch, asker);
    if (watch.stage === 'testified') this.#settleWhoAnnounces(watch, asker, nowMs);
  }

  /** An accusation came by repair, from a part of the ring that may have been cut off: ask the subject first. */
  check(accusation: Accusation, nowMs: number): void {
    const entry = this.#context.table.find(accusation.nid);
    if (entry === undefined || entry.incarnation !== accusation.incarnation) return;
    if (!this.#membership.isProven(accusation)) {
      this.#context.counters.refusedEvents += 1;
      return;
    }
    const watch = this.watch(entry, nowMs);
    if (watch !== undefined) watch.evidence = accusation;
  }

  /** We stood still for so long: nobody was silent to us meanwhile, and answers may be waiting behind this moment. */
  excuse(latenessMs: number, nowMs: number): void {
    const { probeTimeoutMs } = this.#context.options.timing;
    const earliestMs = latenessMs >= probeTimeoutMs ? nowMs + probeTimeoutMs : nowMs;
    for (const [, watch] of [...this.#watches.entries()]) {
      watch.sinceMs += latenessMs;
      this.#until(watch, Math.max(watch.dueMs + latenessMs, earliestMs));
    }
  }

  wake(nowMs: number): void {
    for (const [, watch] of this.#watches.due(nowMs)) {
      const entry = this.#context.table.find(watch.nid);
      const isSame = entry?.incarnation === watch.incarnation && this.#context.table.isInRing(watch.nid);
      if (entry !== undefined && isSame) this.#advance(watch, entry, nowMs);
      else this.#drop(watch);
    }
  }

  nextMs(): number {
    return this.#watches.nextMs();
  }

  /** A watch that is there already goes on as it is. */
  #watchForOthers(entry: RingEntry, nowMs: number): Watch | undefined {
    const isNew = !this.#watches.has(bytesToHex(entry.nid));
    const watch = this.#heldOrNew(entry, nowMs);
    if (watch !== undefined && isNew) watch.forOthers = true;
    return watch;
  }

  #heldOrNew(entry: RingEntry, nowMs: number): Watch | undefined {
    const held = this.#watches.get(bytesToHex(entry.nid));
    if (held !== undefined) return held;
    if (this.#watches.size >= MAX_WATCHES) return undefined;
    return this.#begin(newWatch(entry, nowMs), entry, nowMs);
  }

  #advance(watch: Watch, entry: RingEntry, nowMs: number): void {
    switch (watch.stage) {
      case 'asked':
        watch.stage = 'silent';
        this.#probes.toMember(entry, nowMs);
        this.#others.answerAskers(watch, 'unreached');
        this.#askOthers(watch);
        return this.#until(watch, nowMs + this.#probes.timeoutMs * this.#health.patience);
      case 'silent':
        if (watch.evidence !== undefined) return this.#believe(watch.evidence, nowMs);
        watch.stage = 'suspect';
        this.#context.counters.suspicions += 1;
        return this.#waitOrTestify(watch, entry, nowMs);
      case 'suspect':
        if (!watch.askedAgain) {
          if (watch.asked.size > 0 && !watch.heard) this.#health.askedInVain();
          watch.askedAgain = true;
          this.#askOthers(watch);
        }
        return this.#waitOrTestify(watch, entry, nowMs);
      case 'testified':
        this.#probes.toMember(entry, nowMs);
        this.#askOthers(watch);
        return this.#testify(watch, entry, nowMs);
      case 'announcing':
        return this.#testify(watch, entry, nowMs);
    }
  }

  #waitOrTestify(watch: Watch, entry: RingEntry, nowMs: number): void {
    const { timing } = this.#context.options;
    const goneMs = watch.sinceMs + this.#silenceMs(watch, entry);
    if (nowMs >= goneMs) {
      this.#testify(watch, entry, nowMs);
      return;
    }
    this.#probes.toMember(entry, nowMs);
    this.#until(watch, Math.min(goneMs, nowMs + timing.keepAliveIntervalMs));
  }

  /** How long a member must be silent to us before we sign that it is gone (README.md, detection in numbers). */
  #silenceMs(watch: Watch, entry: RingEntry): number {
    const { timing } = this.#context.options;
    const probesMs = 2 * timing.probeTimeoutMs;
    if (watch.refusals >= CONVINCING_REFUSALS) return probesMs;
    const delayMs = Number.isNaN(entry.delayMs) ? 0 : Math.min(entry.delayMs, MAX_DELAY_ADDED_MS);
    return (probesMs + timing.suspicionMs) * this.#health.patience + delayMs;
  }

  /** Signs. With a second signature at hand it is a failure; without, the others who watch get ours. */
  #testify(watch: Watch, entry: RingEntry, nowMs: number): void {
    const { timing } = this.#context.options;
    const accusation = this.#testimonies.with(this.#membership.accuse('failed', entry));
    if (this.#membership.isProven(accusation)) {
      this.#context.counters.failuresDeclared += 1;
      this.#publish(watch, accusation);
      this.#drop(watch);
      if (this.#membership.apply(accusation) === 'news') this.#effects.announce(accusation, nowMs);
      return;
    }
    this.#testimonies.add(accusation);
    watch.stage = 'testified';
    this.#publish(watch, accusation);
    this.#context.request(contactOf(entry), { kind: 'testimony', accusation });
    this.#until(watch, nowMs + TESTIFY_EVERY * timing.keepAliveIntervalMs);
  }

  #publish(watch: Watch, accusation: Accusation): void {
    const audience = this.#others.audienceOf(watch, (entry) => this.isSilent(entry.nid));
    for (const contact of audience) this.#context.request(contact, { kind: 'testimony', accusation });
  }

  /** Two testimonies crossed on the way: the lower key announces, the other only if it hears nothing. */
  #settleWhoAnnounces(watch: Watch, other: Asker, nowMs: number): void {
    const isOurs = compareBytes(this.#context.options.publicKey, other.contact.publicKey) < 0;
    watch.stage = 'announcing';
    this.#until(watch, isOurs ? nowMs : nowMs + this.#context.options.timing.probeTimeoutMs);
  }

  #believe(accusation: Accusation, nowMs: number): void {
    const watch = this.#watches.get(bytesToHex(accusation.nid));
    const verdict = this.#membership.apply(accusation);
    if (watch !== undefined) this.#drop(watch);
    if (verdict === 'news') this.#effects.learned(accusation, nowMs);
  }

  #askOthers(watch: Watch): void {
    if (!watch.forOthers) this.#others.ask(watch, (entry) => this.isSilent(entry.nid));
  }

  #askedAbout(from: RingContact, requestId: number): Watch | undefined {
    const watch = this.#others.subjectOf(from, requestId, (subject) => this.#watches.get(subject));
    if (watch !== undefined) watch.heard = true;
    return watch;
  }

  #begin(watch: Watch, entry: RingEntry, nowMs: number): Watch {
    this.#probes.toMember(entry, nowMs);
    this.#until(watch, nowMs + this.#probes.timeoutMs * this.#health.patience);
    return watch;
  }

  #until(watch: Watch, dueMs: number): void {
    watch.dueMs = dueMs;
    this.#watches.set(bytesToHex(watch.nid), watch, dueMs);
  }

  #drop(watch: Watch): void {
    this.#watches.take(bytesToHex(watch.nid));
    this.#others.forget(watch);
  }
}
