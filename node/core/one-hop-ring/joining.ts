import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_INCARNATION } from './limits.ts';
import type { MembershipEvent } from './membership-event.ts';
import type { Membership } from './membership.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import { nextId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import { SnapshotDownload } from './snapshot-download.ts';
import { equalDigests, type TableDigest } from './table-digest.ts';
import type { JoinReply, SnapshotPage } from './wire-message.ts';

/** Members whose digest must agree with the snapshot (RING.md, events and the tree). */
const AGREEING_MEMBERS = 2;
/** Successors asked to announce us before we do it ourselves. */
const MAX_SUCCESSORS_TRIED = 3;

/**
 * A seed that is silent may only be slow: so many times as long passes before a ring of its own begins. Of nodes that
 * join one busy machine together, each would otherwise found a ring.
 */
const SILENCE_FACTOR = 4;

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'snapshot'; readonly download: SnapshotDownload; readonly dueMs: number }
  | {
      readonly name: 'agreeing';
      readonly asked: ReadonlySet<Hex>;
      /** Digests that were not ours; a repair is under way. */
      readonly awaited: readonly TableDigest[];
      readonly dueMs: number;
    }
  | {
      readonly name: 'entering';
      readonly requestId: number;
      readonly asked: RingContact;
      readonly dueMs: number;
    }
  | { readonly name: 'waiting'; readonly dueMs: number }
  | { readonly name: 'member' };

/** What joining asks of the machine. */
export interface JoiningEffects {
  /** The node is in the ring. `announce`: nobody else does it. */
  readonly entered: (options: { readonly announce: boolean }, nowMs: number) => void;
  readonly reconcile: (peer: RingContact, nowMs: number) => void;
}

/** Snapshot from one edge, agreement of two more, index and announcement by the successor (RING.md, events). */
export class Joining {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #effects: JoiningEffects;
  #phase: Phase = { name: 'idle' };
  #seeds: readonly RingContact[] = [];
  #nextSeed = 0;
  #startedMs = 0;
  /** Some seed neither answered nor was unreachable. */
  #metSilence = false;
  #tried = new Set<Hex>();

  constructor(context: RingContext, membership: Membership, effects: JoiningEffects) {
    this.#context = context;
    this.#membership = membership;
    this.#effects = effects;
  }

  get isMember(): boolean {
    return this.#phase.name === 'member';
  }

  start(seeds: readonly RingContact[], nowMs: number): void {
    this.#seeds = seeds.filter((seed) => !equalBytes(seed.publicKey, this.#context.options.publicKey));
    this.#startedMs = nowMs;
    if (this.#seeds.length === 0) this.#becomeMember({ announce: false }, nowMs);
    else this.#askSeed(nowMs);
  }

  /** The table at hand is the ring's, this node included: a member at once. */
  adopt(nowMs: number): void {
    this.#becomeMember({ announce: false }, nowMs);
  }

  stop(): void {
    this.#phase = { name: 'idle' };
  }

  onSnapshotPage(page: SnapshotPage, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'snapshot') return;
    const state = phase.download.onPage(page);
    if (state === 'foreign') return;
    for (const event of page.events) {
      this.#membership.apply(event);
      this.#outlive(event);
    }
    if (state === 'under-way') {
      this.#phase = { ...phase, dueMs: nowMs + this.#context.options.timing.requestTimeoutMs };
    } else if (state === 'endless' || this.#context.table.ringSize === 0) {
      this.#wait(nowMs);
    } else {
      this.#agree(phase.download.seed, nowMs);
    }
  }

  /** A digest of another member arrived while we compare; a difference is repaired before we enter. */
  onDigest(from: RingContact, digest: TableDigest, nowMs: number): void {
    const phase = this.#phase;
    const id = bytesToHex(from.publicKey);
    if (phase.name !== 'agreeing' || !phase.asked.has(id)) return;
    const asked = new Set([...phase.asked].filter((each) => each !== id));
    if (equalDigests(digest, this.#context.table.digest)) {
      this.#phase = { ...phase, asked };
    } else {
      const dueMs = nowMs + this.#context.options.timing.requestTimeoutMs;
      this.#phase = { ...phase, asked, awaited: [...phase.awaited, digest], dueMs };
      this.#effects.reconcile(from, nowMs);
    }
    this.#enterIfAgreed(nowMs);
  }

  /** Events came outside the tree: perhaps the tables agree now. */
  tableRepaired(nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'agreeing' || phase.awaited.length === 0) return;
    const { digest } = this.#context.table;
    this.#phase = { ...phase, awaited: phase.awaited.filter((each) => !equalDigests(each, digest)) };
    this.#enterIfAgreed(nowMs);
  }

  onJoinReply(requestId: number, reply: JoinReply, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'entering' || phase.requestId !== requestId) return;
    if (reply.redirect === undefined) {
      this.#becomeMember({ announce: false }, nowMs);
      // What happened while we downloaded reached nobody on our behalf; the successor has heard it.
      this.#effects.reconcile(phase.asked, nowMs);
      return;
    }
    this.#membership.apply({ kind: 'record', record: reply.redirect });
    this.#enter(nowMs);
  }

  unreachable(publicKey: Uint8Array, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name === 'snapshot' && equalBytes(phase.download.seed.publicKey, publicKey)) this.#wait(nowMs);
    if (phase.name === 'entering' && equalBytes(phase.asked.publicKey, publicKey)) this.#enter(nowMs);
    if (phase.name === 'agreeing') {
      const id = bytesToHex(publicKey);
      this.#phase = { ...phase, asked: new Set([...phase.asked].filter((each) => each !== id)) };
      this.#enterIfAgreed(nowMs);
    }
  }

  wake(nowMs: number): void {
    const phase = this.#phase;
    if (!('dueMs' in phase) || nowMs < phase.dueMs) return;
    if (phase.name === 'snapshot') {
      this.#metSilence = true;
      this.#wait(nowMs);
    } else if (phase.name === 'waiting') this.#askSeed(nowMs);
    else this.#enter(nowMs);
  }

  nextMs(): number {
    return 'dueMs' in this.#phase ? this.#phase.dueMs : Infinity;
  }

  #askSeed(nowMs: number): void {
    const seed = this.#seeds[this.#nextSeed % this.#seeds.length];
    this.#nextSeed += 1;
    if (seed === undefined) return;
    const download = new SnapshotDownload(this.#context, seed);
    this.#phase = {
      name: 'snapshot',
      download,
      dueMs: nowMs + this.#context.options.timing.requestTimeoutMs,
    };
    download.begin();
  }

  /** No seed could help now: try the next later, and after a while begin a ring of our own. */
  #wait(nowMs: number): void {
    const { timing } = this.#context.options;
    const patienceMs = timing.joinAloneAfterMs * (this.#metSilence ? SILENCE_FACTOR : 1);
    if (nowMs - this.#startedMs >= patienceMs) {
      this.#becomeMember({ announce: false }, nowMs);
      return;
    }
    const allTried = this.#nextSeed % this.#seeds.length === 0;
    const pauseMs = allTried ? timing.joinRetryMs * (0.5 + this.#context.ports.random()) : 0;
    this.#phase = { name: 'waiting', dueMs: nowMs + pauseMs };
  }

  #agree(seed: RingContact, nowMs: number): void {
    const seedNid = this.#context.nidOfKey(seed.publicKey);
    const except = new Set(seedNid === undefined ? [] : [bytesToHex(seedNid)]);
    const others = this.#context.randomMembers(AGREEING_MEMBERS, except);
    if (others.length === 0) {
      this.#enter(nowMs);
      return;
    }
    const { load, table } = this.#context;
    for (const entry of others) {
      this.#context.request(contactOf(entry), { kind: 'ping', load, digest: table.digest });
    }
    const asked = new Set(others.map((entry) => bytesToHex(entry.record.publicKey)));
    const dueMs = nowMs + this.#context.options.timing.probeTimeoutMs;
    this.#phase = { name: 'agreeing', asked, awaited: [], dueMs };
  }

  #enterIfAgreed(nowMs: number): void {
    const phase = this.#phase;
    if (phase.name === 'agreeing' && phase.asked.size === 0 && phase.awaited.length === 0) this.#enter(nowMs);
  }

  #enter(nowMs: number): void {
    const { table, nid } = this.#context;
    for (const candidate of table.successors(nextId(nid), MAX_SUCCESSORS_TRIED)) {
      const id = bytesToHex(candidate.nid);
      if (this.#tried.has(id) || this.#tried.size >= MAX_SUCCESSORS_TRIED) continue;
      this.#tried.add(id);
      const asked = contactOf(candidate);
      const requestId = this.#context.request(asked, { kind: 'join-request', record: this.#context.record });
      const dueMs = nowMs + 2 * this.#context.options.timing.requestTimeoutMs;
      this.#phase = { name: 'entering', requestId, asked, dueMs };
      return;
    }
    this.#becomeMember({ announce: true }, nowMs);
  }

  /** The ring remembers an earlier life of ours: our record must be newer than that. */
  #outlive(event: MembershipEvent): void {
    const context = this.#context;
    const { record } = context;
    const isOurs =
      event.kind === 'record'
        ? equalBytes(event.record.nid, context.nid)
        : equalBytes(event.nid, context.nid);
    const { incarnation } = event.kind === 'record' ? event.record : event;
    if (!isOurs || incarnation < record.incarnation || incarnation >= MAX_INCARNATION) return;
    const { addresses } = record;
    context.record = context.signOwnRecord(incarnation + 1, { departed: false, addresses });
  }

  #becomeMember(options: { readonly announce: boolean }, nowMs: number): void {
    this.#phase = { name: 'member' };
    this.#tried = new Set();
    this.#membership.applyOwnRecord(this.#context.record);
    this.#effects.entered(options, nowMs);
  }
}
