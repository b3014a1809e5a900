import { bytesToHex, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { Deadlines } from '../deadlines.ts';
import type { Accusation, MembershipEvent } from '../membership-event.ts';
import type { Membership } from '../membership.ts';
import type { RingContext } from '../ring-context.ts';
import type { RingContact } from '../ring-ports.ts';
import { equalDigests, type TableDigest } from '../table-digest.ts';
import type { RingMessage } from '../wire-message.ts';
import { Reconciliation } from './reconciliation.ts';
import { RepairPacing } from './repair-pacing.ts';

/** Keep-alive intervals for which a differing digest is remembered. */
const REMEMBERED_INTERVALS = 3;

/** What repair asks of the machine. */
export interface RepairEffects {
  /** Apply these events, and tell the whole ring what is news if `announce`; true if any was. */
  readonly learn: (
    events: readonly MembershipEvent[],
    options: { readonly announce: boolean },
    nowMs: number,
  ) => boolean;
  /** An accusation of a member that we hold alive: ask it before believing. False if we ask nobody yet. */
  readonly check: (accusation: Accusation, nowMs: number) => boolean;
}

/** Decides when a difference between two tables is repaired, and what of the other's word is believed. */
export class Repair {
  readonly #context: RingContext;
  readonly #effects: RepairEffects;
  readonly #pacing: RepairPacing;
  readonly #reconciliation: Reconciliation;
  /** Members whose digest differed once; only a difference that stays is repaired. */
  readonly #differing = new Deadlines<Hex, true>();

  constructor(context: RingContext, membership: Membership, effects: RepairEffects) {
    this.#context = context;
    this.#effects = effects;
    this.#pacing = new RepairPacing(context.options.timing);
    this.#reconciliation = new Reconciliation(context, membership, {
      learn: (events, { announce }, nowMs) => this.#learn(events, { announce }, nowMs),
      ended: (how, nowMs) => this.#pacing.ended(how, nowMs),
    });
  }

  /** A member answered with its digest: repairs a difference that stays, and a meeting with an unknown ring at once. */
  compare(from: RingContact, digest: TableDigest, nowMs: number): void {
    const own = this.#context.table.digest;
    const id = bytesToHex(from.publicKey);
    if (equalDigests(digest, own)) {
      this.#differing.take(id);
      return;
    }
    if (this.#isStranger(from)) {
      this.#reconciliation.begin(from, { announce: true, settle: false }, nowMs);
      return;
    }
    const isDue = this.#pacing.isDue(own, nowMs);
    if (this.#differing.take(id) === true && isDue) {
      this.#reconciliation.begin(from, { announce: false, settle: true }, nowMs);
      return;
    }
    const { keepAliveIntervalMs } = this.#context.options.timing;
    this.#differing.set(id, true, nowMs + REMEMBERED_INTERVALS * keepAliveIntervalMs);
  }

  /** Repairs without waiting: a joiner's table differs from a member's. */
  begin(peer: RingContact, nowMs: number): void {
    this.#reconciliation.begin(peer, { announce: false, settle: false }, nowMs);
  }

  onMessage(
    from: RingContact,
    message: Extract<RingMessage, { kind: `sync-${string}` }>,
    nowMs: number,
  ): void {
    switch (message.kind) {
      case 'sync-request':
        return this.#reconciliation.onRequest(from, message);
      case 'sync-summary':
        return this.#reconciliation.onSummary(from, message, nowMs);
      case 'sync-exchange': {
        const announce = this.#isStranger(from);
        this.#reconciliation.onExchange(from, message);
        this.#learn(message.events, { announce }, nowMs);
        return;
      }
      case 'sync-events':
        return this.#reconciliation.onEvents(from, message, nowMs);
    }
  }

  wake(nowMs: number): void {
    this.#differing.due(nowMs);
    this.#reconciliation.wake(nowMs);
  }

  nextMs(): number {
    return this.#reconciliation.nextMs();
  }

  /**
   * Records are believed as they come. An accusation of a member that we hold alive at that incarnation is put to the
   * subject first: two parts of a divided ring accuse each other, and both are wrong (SPEC.md, repair).
   */
  #learn(
    events: readonly MembershipEvent[],
    options: { readonly announce: boolean },
    nowMs: number,
  ): boolean {
    const believed: MembershipEvent[] = [];
    for (const event of events) {
      const isDoubted = event.kind !== 'record' && this.#isAlive(event);
      if (!isDoubted || !this.#effects.check(event, nowMs)) believed.push(event);
    }
    return this.#effects.learn(believed, options, nowMs);
  }

  #isAlive(accusation: Accusation): boolean {
    const { table } = this.#context;
    const isOther = !this.#context.isSelf(accusation.nid);
    return (
      isOther &&
      table.isInRing(accusation.nid) &&
      table.find(accusation.nid)?.incarnation === accusation.incarnation
    );
  }

  /** Not in our table at all: a member of a ring that we never met. */
  #isStranger(contact: RingContact): boolean {
    const nid = this.#context.nidOfKey(contact.publicKey);
    return nid !== undefined && this.#context.table.find(nid) === undefined;
  }
}
