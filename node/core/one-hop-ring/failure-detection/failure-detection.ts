import type { Accusation } from '../membership-event.ts';
import type { Membership } from '../membership.ts';
import type { RingContext } from '../ring-context.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import type { TableDigest } from '../table-digest.ts';
import { dutyOf } from './duty.ts';
import { LocalHealth } from './local-health.ts';
import { ObservedIntervals } from './observer-rings.ts';
import { Outsiders } from './outsiders.ts';
import { Probes } from './probes.ts';
import { Suspicion, type SuspicionEffects } from './suspicion.ts';
import type { Asker } from './watch.ts';

/** What an answered keep-alive tells the other parts. */
export interface PongReport {
  readonly nid: RingId | undefined;
  readonly digest: TableDigest;
  /** It answers although it is a tombstone, or not in the table at all. */
  readonly outsider: boolean;
}

/**
 * Keep-alives to those whom this node must watch, and what follows from their silence (RING.md, failure detection;
 * SPEC.md, failure). Whoever finds a member unreachable by other traffic starts the same course.
 */
export class FailureDetection {
  readonly #context: RingContext;
  readonly #health = new LocalHealth();
  readonly #probes: Probes;
  readonly #suspicion: Suspicion;
  readonly #outsiders: Outsiders;
  readonly #observed: ObservedIntervals;
  #nextKeepAliveMs = Infinity;
  #nextOutsiderMs = Infinity;

  constructor(context: RingContext, membership: Membership, effects: SuspicionEffects) {
    this.#context = context;
    this.#probes = new Probes(context);
    this.#suspicion = new Suspicion(
      { context, membership, probes: this.#probes, health: this.#health },
      effects,
    );
    this.#outsiders = new Outsiders(context);
    this.#observed = new ObservedIntervals(context.nid);
  }

  /** Begins once the node is a member; the phase is random so that keep-alives do not march in step. */
  start(nowMs: number): void {
    const { timing } = this.#context.options;
    const phase = this.#context.ports.random();
    this.#nextKeepAliveMs = nowMs + phase * timing.keepAliveIntervalMs;
    this.#nextOutsiderMs = nowMs + phase * timing.tombstoneProbeIntervalMs;
  }

  stop(): void {
    this.#nextKeepAliveMs = Infinity;
    this.#nextOutsiderMs = Infinity;
  }

  /** Edges that the registry lists; those outside the table are asked now and then. */
  setContacts(contacts: readonly RingContact[]): void {
    this.#outsiders.setContacts(contacts);
  }

  /** It missed an answer and has sent nothing since. */
  isDoubtful(nid: RingId): boolean {
    return this.#suspicion.isSilent(nid);
  }

  /**
   * Other traffic could not be delivered: do not wait for the next round.
   * @param refused its host said that nobody listens there
   */
  unreachable(nid: RingId, refused: boolean, nowMs: number): void {
    const { table } = this.#context;
    if (!this.#isRunning || this.#context.isSelf(nid)) return;
    const entry = table.find(nid);
    if (entry === undefined || !table.isInRing(nid)) return;
    this.#suspicion.watch(entry, nowMs);
    if (refused) this.#suspicion.refused(nid);
  }

  /** Any message of a member shows that it runs. */
  heard(nid: RingId, nowMs: number): void {
    if (this.#suspicion.isWatched(nid)) this.#suspicion.answered(nid, nowMs);
  }

  onPong(
    from: Uint8Array,
    pong: { readonly requestId: number; readonly load: number; readonly digest: TableDigest },
    nowMs: number,
  ): PongReport {
    const { table } = this.#context;
    const nid = this.#context.nidOfKey(from);
    if (nid === undefined) return { nid, digest: pong.digest, outsider: false };
    this.#probes.answered(pong.requestId, nid, nowMs);
    table.noteLoad(nid, pong.load);
    this.#suspicion.answered(nid, nowMs);
    return { nid, digest: pong.digest, outsider: !table.isInRing(nid) };
  }

  /** A tombstone asks us whether we live: it must hear that it is believed dead. */
  onPing(nid: RingId, nowMs: number): void {
    if (this.#context.table.find(nid)?.state === 'failed') this.#suspicion.answered(nid, nowMs);
  }

  onReached(from: RingContact, requestId: number, nowMs: number): void {
    this.#suspicion.onReached(from, requestId, nowMs);
  }

  onUnreached(from: RingContact, requestId: number): void {
    this.#suspicion.onUnreached(from, requestId);
  }

  onIndirectPing(asker: Asker, target: RingId, nowMs: number): void {
    if (this.#isRunning) this.#suspicion.onIndirectPing(asker, target, nowMs);
  }

  onTestimony(asker: Asker, accusation: Accusation, nowMs: number): void {
    if (this.#isRunning) this.#suspicion.onTestimony(asker, accusation, nowMs);
  }

  /** Repair brought an accusation of a member that we believe alive. False if we keep nobody alive yet. */
  check(accusation: Accusation, nowMs: number): boolean {
    if (this.#isRunning) this.#suspicion.check(accusation, nowMs);
    return this.#isRunning;
  }

  wake(nowMs: number): void {
    const { timing } = this.#context.options;
    const latenessMs = nowMs - this.nextMs();
    if (latenessMs > timing.stallToleranceMs) {
      this.#health.wokenLate();
      this.#suspicion.excuse(latenessMs, nowMs);
    }
    if (nowMs >= this.#nextKeepAliveMs) {
      this.#nextKeepAliveMs = nowMs + timing.keepAliveIntervalMs;
      this.#keepAlive(nowMs);
    }
    if (nowMs >= this.#nextOutsiderMs) {
      this.#nextOutsiderMs = nowMs + timing.tombstoneProbeIntervalMs;
      for (const contact of this.#outsiders.choose()) this.#probes.toContact(contact, nowMs);
    }
    this.#probes.wake(nowMs);
    this.#suspicion.wake(nowMs);
  }

  nextMs(): number {
    return Math.min(this.#nextKeepAliveMs, this.#nextOutsiderMs, this.#suspicion.nextMs());
  }

  get #isRunning(): boolean {
    return this.#nextKeepAliveMs !== Infinity;
  }

  #keepAlive(nowMs: number): void {
    const { table } = this.#context;
    for (const entry of dutyOf(table, this.#observed, (other) => this.isDoubtful(other))) {
      if (this.#suspicion.isWatched(entry.nid) || !this.#isCertain(entry))
        this.#suspicion.watch(entry, nowMs);
    }
  }

  #isCertain(entry: RingEntry): boolean {
    return this.#context.ports.isAnswerCertain?.(entry.nid) === true;
  }
}
