import { bytesToHex, equalBytes } from '../../../../sdk/protocol/bytes.ts';
import { Deadlines } from '../deadlines.ts';
import { firstBatch } from '../event-batches.ts';
import {
  MAX_ASKED_RANGES,
  MAX_BATCH_BYTES,
  MAX_EVENTS_PER_MESSAGE,
  MAX_RECONCILIATIONS,
  MAX_WANTED_NAMES,
} from '../limits.ts';
import { eventBytes, type MembershipEvent } from '../membership-event.ts';
import type { Membership } from '../membership.ts';
import type { RingContext } from '../ring-context.ts';
import type { RingContact } from '../ring-ports.ts';
import type { SyncEvents, SyncExchange, SyncRequest, SyncSummary } from '../wire-message.ts';
import { answerTo, difference, digestsOf, entryNamed } from './range-comparison.ts';
import { isChildOf, ROOT } from './range-node.ts';
import type { RepairEnd } from './repair-pacing.ts';
import { RepairSession, type RepairPurpose } from './repair-session.ts';

/** Keep-alive intervals that an event may still be on its way. */
const SETTLING_INTERVALS = 1;

type Question = Omit<SyncRequest, 'requestId'> | Omit<SyncExchange, 'requestId'>;

/** What a repair asks of the machine. */
export interface ReconciliationEffects {
  /** Events that the other side knew better; true if any was news. */
  readonly learn: (events: readonly MembershipEvent[], purpose: RepairPurpose, nowMs: number) => boolean;
  readonly ended: (how: RepairEnd, nowMs: number) => void;
}

/**
 * Repairs differing tables (RING.md, repair; SPEC.md, repair): digests of ranges that are split sixteenfold until a
 * range that differs has few entries; then only entries that differ go over, in both directions. The beginner keeps
 * the session; the other side answers each message for itself.
 */
export class Reconciliation {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #effects: ReconciliationEffects;
  readonly #sessions = new Deadlines<number, RepairSession>();
  /** Differences that may be events on their way. */
  readonly #settling = new Deadlines<string, RepairSession>();

  constructor(context: RingContext, membership: Membership, effects: ReconciliationEffects) {
    this.#context = context;
    this.#membership = membership;
    this.#effects = effects;
  }

  begin(peer: RingContact, purpose: RepairPurpose, nowMs: number): void {
    const isSame = (session: RepairSession): boolean => equalBytes(session.peer.publicKey, peer.publicKey);
    const running = [...this.#sessions.entries(), ...this.#settling.entries()].map(([, session]) => session);
    if (running.length >= MAX_RECONCILIATIONS || running.some(isSame)) return;
    this.#context.counters.reconciliations += 1;
    const session = new RepairSession(peer, purpose);
    session.compare(ROOT);
    this.#compareNext(session, nowMs);
  }

  onRequest(from: RingContact, message: SyncRequest): void {
    const { answered, parts } = answerTo(this.#context.table, message.ranges);
    this.#context.send(from, { kind: 'sync-summary', requestId: message.requestId, answered, parts });
  }

  onSummary(from: RingContact, message: SyncSummary, nowMs: number): void {
    const session = this.#take(from, message.requestId);
    if (session === undefined) return;
    const { table } = this.#context;
    const asked = session.answered(message.answered);
    for (const part of message.parts) {
      const range = asked.find((node) => isChildOf(part.node, node));
      if (range === undefined) continue;
      if ('digests' in part) {
        session.compare(part.node);
        continue;
      }
      const { wanted, better } = difference(table, part.node, part.entries);
      session.differs(range, wanted, better);
    }
    if (!session.isCompared && asked.length > 0) this.#compareNext(session, nowMs);
    else if (session.purpose.settle && !session.isSecondLook) this.#settle(session, nowMs);
    else this.#exchange(session, nowMs);
  }

  /** The wanted entries; what the other side knew better is applied by the machine. */
  onExchange(from: RingContact, message: SyncExchange): void {
    const { table } = this.#context;
    const events: MembershipEvent[] = [];
    for (const name of message.wanted) {
      const entry = entryNamed(table, name);
      if (entry !== undefined) events.push(...this.#membership.explain(entry));
    }
    this.#context.send(from, {
      kind: 'sync-events',
      requestId: message.requestId,
      events: firstBatch(events),
    });
  }

  onEvents(from: RingContact, message: SyncEvents, nowMs: number): void {
    const session = this.#take(from, message.requestId);
    if (session === undefined) return;
    if (this.#effects.learn(message.events, session.purpose, nowMs)) session.wasFruitful = true;
    this.#exchange(session, nowMs);
  }

  wake(nowMs: number): void {
    for (const [, session] of this.#sessions.due(nowMs)) {
      this.#effects.ended(session.wasFruitful ? 'fruitful' : 'unanswered', nowMs);
    }
    for (const [, session] of this.#settling.due(nowMs)) {
      session.lookAgain();
      this.#compareNext(session, nowMs);
    }
  }

  nextMs(): number {
    return Math.min(this.#sessions.nextMs(), this.#settling.nextMs());
  }

  #compareNext(session: RepairSession, nowMs: number): void {
    const { table } = this.#context;
    const ranges = session
      .nextNodes(MAX_ASKED_RANGES)
      .map((node) => ({ node, digests: digestsOf(table, node) }));
    this.#send(session, { kind: 'sync-request', ranges }, nowMs);
  }

  #settle(session: RepairSession, nowMs: number): void {
    if (session.isDone) {
      this.#end(session, nowMs);
      return;
    }
    const waitMs = SETTLING_INTERVALS * this.#context.options.timing.keepAliveIntervalMs;
    this.#settling.set(bytesToHex(session.peer.publicKey), session, nowMs + waitMs);
  }

  /** Asks for some of what we lack and sends some of what the other side lacks. */
  #exchange(session: RepairSession, nowMs: number): void {
    if (session.isDone) {
      this.#end(session, nowMs);
      return;
    }
    const events: MembershipEvent[] = [];
    let bytes = 0;
    session.takeBetter((entry) => {
      const explained = this.#membership.explain(entry);
      for (const event of explained) bytes += eventBytes(event);
      if (bytes > MAX_BATCH_BYTES || events.length + explained.length > MAX_EVENTS_PER_MESSAGE) return false;
      events.push(...explained);
      return true;
    });
    // What the other side still lacks after a second look was lost on its way.
    if (events.length > 0) session.wasFruitful = true;
    this.#send(
      session,
      { kind: 'sync-exchange', wanted: session.takeWanted(MAX_WANTED_NAMES), events },
      nowMs,
    );
  }

  #send(session: RepairSession, message: Question, nowMs: number): void {
    if (!session.takeRoundTrip()) {
      this.#end(session, nowMs);
      return;
    }
    const requestId = this.#context.request(session.peer, message);
    this.#sessions.set(requestId, session, nowMs + this.#context.options.timing.requestTimeoutMs);
  }

  #end(session: RepairSession, nowMs: number): void {
    this.#effects.ended(session.wasFruitful ? 'fruitful' : 'fruitless', nowMs);
  }

  /** The session of an answer, if it comes from the one who was asked. */
  #take(from: RingContact, requestId: number): RepairSession | undefined {
    const session = this.#sessions.get(requestId);
    if (session === undefined || !equalBytes(session.peer.publicKey, from.publicKey)) return undefined;
    return this.#sessions.take(requestId);
  }
}
