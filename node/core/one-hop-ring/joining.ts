import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_INCARNATION, RING_ID_BYTES } from './limits.ts';
import type { MembershipEvent } from './membership-event.ts';
import type { Membership } from './membership.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import { nextId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import { equalDigests, type TableDigest } from './table-digest.ts';
import type { JoinReply, SnapshotPage } from './wire-message.ts';

/** Members whose digest must agree with the snapshot (RING.md, events and the tree). */
const AGREEING_MEMBERS = 2;
/** Successors asked to announce us before we do it ourselves. */
const MAX_SUCCESSORS_TRIED = 3;

type Phase =
  | { readonly name: 'idle' }
  | {
      readonly name: 'snapshot';
      readonly requestId: number;
      readonly seed: RingContact;
      readonly dueMs: number;
    }
  | { readonly name: 'agreeing'; readonly asked: Map<Hex, RingContact>; readonly dueMs: number }
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

  onSnapshotPage(from: RingContact, page: SnapshotPage, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'snapshot' || page.requestId !== phase.requestId) return;
    for (const event of page.events) {
      if (this.#membership.apply(event) !== 'refused') this.#outlive(event);
    }
    if (page.next !== undefined) {
      this.#requestPage(from, page.next, nowMs);
    } else if (this.#context.table.ringSize === 0) {
      this.#wait(nowMs);
    } else {
      this.#agree(from, nowMs);
    }
  }

  /** A digest of another member arrived while we compare. */
  onDigest(from: RingContact, digest: TableDigest, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'agreeing' || !phase.asked.delete(bytesToHex(from.publicKey))) return;
    if (!equalDigests(digest, this.#context.table.digest)) this.#effects.reconcile(from, nowMs);
    if (phase.asked.size === 0) this.#enter(nowMs);
  }

  onJoinReply(requestId: number, reply: JoinReply, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name !== 'entering' || phase.requestId !== requestId) return;
    if (reply.redirect === undefined) {
      this.#becomeMember({ announce: false }, nowMs);
      return;
    }
    this.#membership.apply({ kind: 'record', record: reply.redirect });
    this.#enter(nowMs);
  }

  unreachable(publicKey: Uint8Array, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name === 'snapshot' && equalBytes(phase.seed.publicKey, publicKey)) this.#wait(nowMs);
    if (phase.name === 'entering' && equalBytes(phase.asked.publicKey, publicKey)) this.#enter(nowMs);
    if (phase.name === 'agreeing' && phase.asked.delete(bytesToHex(publicKey)) && phase.asked.size === 0) {
      this.#enter(nowMs);
    }
  }

  wake(nowMs: number): void {
    const phase = this.#phase;
    if (!('dueMs' in phase) || nowMs < phase.dueMs) return;
    if (phase.name === 'snapshot') this.#wait(nowMs);
    else if (phase.name === 'waiting') this.#askSeed(nowMs);
    else this.#enter(nowMs);
  }

  nextMs(): number {
    return 'dueMs' in this.#phase ? this.#phase.dueMs : Infinity;
  }

  #askSeed(nowMs: number): void {
    const seed = this.#seeds[this.#nextSeed % this.#seeds.length];
    this.#nextSeed += 1;
    if (seed !== undefined) this.#requestPage(seed, new Uint8Array(RING_ID_BYTES), nowMs);
  }

  #requestPage(seed: RingContact, from: Uint8Array, nowMs: number): void {
    const requestId = this.#context.request(seed, { kind: 'snapshot-request', from });
    this.#phase = {
      name: 'snapshot',
      requestId,
      seed,
      dueMs: nowMs + this.#context.options.timing.requestTimeoutMs,
    };
  }

  /** No seed could help now: try the next later, and after a while begin a ring of our own. */
  #wait(nowMs: number): void {
    const { timing } = this.#context.options;
    if (nowMs - this.#startedMs >= timing.joinAloneAfterMs) {
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
    const asked = new Map<Hex, RingContact>();
    for (const entry of others) {
      const contact = contactOf(entry);
      asked.set(bytesToHex(contact.publicKey), contact);
      this.#context.request(contact, {
        kind: 'ping',
        load: this.#context.load,
        digest: this.#context.table.digest,
      });
    }
    const dueMs = nowMs + this.#context.options.timing.probeTimeoutMs;
    this.#phase = { name: 'agreeing', asked, dueMs };
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
