import { bytesToHex, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { Deadlines } from './deadlines.ts';
import { MAX_GROUP_PROBES, MAX_KNOWN_CONTACTS } from './limits.ts';
import type { Accusation } from './membership-event.ts';
import type { Membership } from './membership.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import type { RingEntry } from './ring-table.ts';
import type { TableDigest } from './table-digest.ts';

/** Members asked to probe a silent one on our behalf: K in RING.md, failure detection. */
const INDIRECT_PROBES = 3;
/** Silent predecessors in a row that are watched at once, so that the death of an arc is found in parallel. */
const MAX_WATCHED_IN_A_ROW = 16;
/** Indirect probes carried out for others at once. */
const MAX_INDIRECT = 256;

/** How far a member that owes us an answer has got. */
type Stage = 'asked' | 'asked-again' | 'accused';

interface Probe {
  readonly nid: RingId;
  readonly sentMs: number;
}

/** What an answered keep-alive tells the other parts. */
export interface PongReport {
  readonly nid: RingId | undefined;
  readonly digest: TableDigest;
  /** It answers although it is a tombstone, or not in the table at all. */
  readonly outsider: boolean;
}

/**
 * Keep-alives to the predecessor, indirect probes, suspicion and its end (RING.md, failure detection). Whoever finds a
 * member unreachable by other traffic starts the same course.
 */
export class FailureDetection {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #announce: (accusation: Accusation, nowMs: number) => void;
  readonly #tell: (entry: RingEntry, accusation: Accusation, nowMs: number) => void;
  /** Members that owe an answer, until the next step against them. */
  readonly #watched = new Deadlines<Hex, Stage>();
  readonly #probes = new Deadlines<number, Probe>();
  /** Probes made for others: our number to their number. */
  readonly #indirect = new Deadlines<number, { readonly asker: RingContact; readonly requestId: number }>();
  readonly #indirectSent = new Deadlines<number, RingId>();
  #contacts: readonly RingContact[] = [];
  #nextKeepAliveMs = Infinity;
  #nextTombstoneMs = Infinity;
  #nextGroupMs = Infinity;

  constructor(
    context: RingContext,
    membership: Membership,
    effects: {
      readonly announce: (accusation: Accusation, nowMs: number) => void;
      readonly tell: (entry: RingEntry, accusation: Accusation, nowMs: number) => void;
    },
  ) {
    this.#context = context;
    this.#membership = membership;
    this.#announce = effects.announce;
    this.#tell = effects.tell;
  }

  /** Begins once the node is a member; the phase is random so that keep-alives do not march in step. */
  start(nowMs: number): void {
    const { timing } = this.#context.options;
    const phase = this.#context.ports.random();
    this.#nextKeepAliveMs = nowMs + phase * timing.keepAliveIntervalMs;
    this.#nextTombstoneMs = nowMs + phase * timing.tombstoneProbeIntervalMs;
    this.#nextGroupMs = nowMs + phase * timing.groupProbeIntervalMs;
  }

  stop(): void {
    this.#nextKeepAliveMs = Infinity;
    this.#nextTombstoneMs = Infinity;
    this.#nextGroupMs = Infinity;
  }

  /** Edges that the registry lists; those outside the table are asked now and then. */
  setContacts(contacts: readonly RingContact[]): void {
    this.#contacts = contacts.slice(0, MAX_KNOWN_CONTACTS);
  }

  isDoubtful(nid: RingId): boolean {
    return this.#watched.has(bytesToHex(nid));
  }

  /** Other traffic could not be delivered: do not wait for the next round. */
  unreachable(nid: RingId, nowMs: number): void {
    if (this.#nextKeepAliveMs === Infinity || this.#watched.has(bytesToHex(nid))) return;
    const entry = this.#context.table.find(nid);
    if (entry !== undefined && this.#context.table.isInRing(nid)) this.#watch(entry, nowMs);
  }

  onPong(
    from: Uint8Array,
    pong: { readonly requestId: number; readonly load: number; readonly digest: TableDigest },
    nowMs: number,
  ): PongReport {
    const nid = this.#context.nidOfKey(from);
    const asked = this.#indirect.take(pong.requestId);
    if (asked !== undefined) {
      this.#context.send(asked.asker, { kind: 'reached', requestId: asked.requestId });
    }
    const probe = this.#probes.take(pong.requestId);
    if (nid === undefined) return { nid, digest: pong.digest, outsider: false };
    if (probe !== undefined) this.#context.table.noteDelay(nid, nowMs - probe.sentMs);
    this.#context.table.noteLoad(nid, pong.load);
    this.#answered(nid, nowMs);
    return { nid, digest: pong.digest, outsider: !this.#context.table.isInRing(nid) };
  }

  /** An observer reached a member that was silent to us. */
  onReached(requestId: number, nowMs: number): void {
    const nid = this.#indirectSent.take(requestId);
    if (nid !== undefined) this.#answered(nid, nowMs);
  }

  onIndirectPing(asker: RingContact, requestId: number, target: RingId, nowMs: number): void {
    const entry = this.#context.table.find(target);
    if (entry === undefined || this.#context.isSelf(target) || this.#indirect.size >= MAX_INDIRECT) return;
    const ours = this.#ping(contactOf(entry));
    this.#indirect.set(ours, { asker, requestId }, nowMs + this.#context.options.timing.probeTimeoutMs);
  }

  wake(nowMs: number): void {
    const { timing } = this.#context.options;
    if (nowMs >= this.#nextKeepAliveMs) {
      this.#nextKeepAliveMs = nowMs + timing.keepAliveIntervalMs;
      this.#keepAlive(nowMs);
    }
    if (nowMs >= this.#nextGroupMs) {
      this.#nextGroupMs = nowMs + timing.groupProbeIntervalMs;
      this.#probeGroup(nowMs);
    }
    if (nowMs >= this.#nextTombstoneMs) {
      this.#nextTombstoneMs = nowMs + timing.tombstoneProbeIntervalMs;
      this.#probeOutsider(nowMs);
    }
    this.#indirect.due(nowMs);
    this.#indirectSent.due(nowMs);
    this.#probes.due(nowMs);
    this.#judge(nowMs);
  }

  nextMs(): number {
    return Math.min(this.#nextKeepAliveMs, this.#nextTombstoneMs, this.#nextGroupMs, this.#watched.nextMs());
  }

  /** Whose time is up. If we were late ourselves, the answers may be waiting behind this wake: look again later. */
  #judge(nowMs: number): void {
    const { timing } = this.#context.options;
    const latenessMs = nowMs - this.#watched.nextMs();
    for (const [id, stage] of this.#watched.due(nowMs)) {
      if (latenessMs <= timing.stallToleranceMs) this.#advance(hexToBytes(id), stage, nowMs);
      else this.#watched.set(id, stage, nowMs + timing.probeTimeoutMs);
    }
  }

  /** Keep-alive to the predecessor, and past silent ones to the next that answers. */
  #keepAlive(nowMs: number): void {
    const { table, nid } = this.#context;
    const most = Math.min(MAX_WATCHED_IN_A_ROW, table.ringSize - 1);
    for (let steps = 1; steps <= most; steps++) {
      const entry = table.predecessor(nid, steps);
      if (entry === undefined || this.#context.isSelf(entry.nid)) return;
      if (this.#watched.has(bytesToHex(entry.nid))) continue;
      this.#watch(entry, nowMs);
      return;
    }
  }

  /** Starts the course against a member; an answer ends it. */
  #watch(entry: RingEntry, nowMs: number): void {
    this.#sendProbe(entry, nowMs);
    this.#watched.set(bytesToHex(entry.nid), 'asked', nowMs + this.#context.options.timing.probeTimeoutMs);
  }

  #advance(nid: RingId, stage: Stage, nowMs: number): void {
    const { table, options } = this.#context;
    const entry = table.find(nid);
    if (entry === undefined || !table.isInRing(nid)) return;
    const id = bytesToHex(nid);
    if (stage === 'asked') {
      this.#watched.set(id, 'asked-again', nowMs + options.timing.probeTimeoutMs);
      this.#sendProbe(entry, nowMs);
      this.#askOthers(entry, nowMs);
      this.#keepAlive(nowMs);
    } else if (stage === 'asked-again') {
      this.#watched.set(id, 'accused', nowMs + options.timing.suspicionMs);
      this.#context.counters.suspicions += 1;
      this.#raise('suspect', entry, nowMs);
    } else {
      this.#context.counters.failuresDeclared += 1;
      this.#raise('failed', entry, nowMs);
      this.#keepAlive(nowMs);
    }
  }

  #raise(kind: Accusation['kind'], entry: RingEntry, nowMs: number): void {
    const accusation = this.#membership.accuse(kind, entry);
    if (this.#membership.apply(accusation) === 'news') this.#announce(accusation, nowMs);
  }

  #askOthers(entry: RingEntry, nowMs: number): void {
    const except = new Set([bytesToHex(entry.nid)]);
    for (const observer of this.#context.randomMembers(INDIRECT_PROBES, except)) {
      const requestId = this.#context.request(contactOf(observer), {
        kind: 'indirect-ping',
        target: entry.nid,
      });
      this.#indirectSent.set(requestId, entry.nid, nowMs + this.#context.options.timing.probeTimeoutMs);
    }
  }

  /** Silence ended. Who stands accused must hear of it, to refute by a new incarnation. */
  #answered(nid: RingId, nowMs: number): void {
    this.#watched.take(bytesToHex(nid));
    const entry = this.#context.table.find(nid);
    const accusation = this.#membership.accusationOf(nid);
    if (entry === undefined || accusation === undefined) return;
    if (entry.state === 'suspect' || entry.state === 'failed') this.#tell(entry, accusation, nowMs);
  }

  /** One member of the own region, at random: load and delay of the cooperation group. */
  #probeGroup(nowMs: number): void {
    const region = this.#context.admitted.region;
    const group: RingEntry[] = [];
    for (const entry of this.#context.randomMembers(4 * MAX_GROUP_PROBES)) {
      if (entry.record.region === region) group.push(entry);
    }
    const chosen = group[0];
    if (chosen !== undefined) this.#sendProbe(chosen, nowMs);
  }

  /** A tombstone or a registered edge outside the table: the way back after a partition. */
  #probeOutsider(nowMs: number): void {
    const { table, ports } = this.#context;
    const outsiders: RingContact[] = [];
    for (const contact of this.#contacts) {
      const nid = this.#context.nidOfKey(contact.publicKey);
      if (nid !== undefined && !this.#context.isSelf(nid) && table.find(nid) === undefined) {
        outsiders.push(contact);
      }
    }
    const index = Math.floor(ports.random() * (table.failedCount + outsiders.length));
    const chosen =
      index < table.failedCount ? contactOf(table.failedAt(index)) : outsiders[index - table.failedCount];
    if (chosen === undefined) return;
    const nid = this.#context.nidOfKey(chosen.publicKey);
    const requestId = this.#ping(chosen);
    const dueMs = nowMs + this.#context.options.timing.requestTimeoutMs;
    if (nid !== undefined) this.#probes.set(requestId, { nid, sentMs: nowMs }, dueMs);
  }

  #sendProbe(entry: RingEntry, nowMs: number): void {
    const requestId = this.#ping(contactOf(entry));
    this.#probes.set(
      requestId,
      { nid: entry.nid, sentMs: nowMs },
      nowMs + 4 * this.#context.options.timing.probeTimeoutMs,
    );
  }

  #ping(to: RingContact): number {
    const { load, table } = this.#context;
    return this.#context.request(to, { kind: 'ping', load, digest: table.digest });
  }
}
