import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { arcBits, arcOf } from './arcs.ts';
import { Deadlines } from './deadlines.ts';
import { firstBatch } from './event-batches.ts';
import { MAX_RECONCILIATIONS, MAX_SUMMARY_ENTRIES, MAX_WANTED_IDS } from './limits.ts';
import { supersedes, type MembershipEvent } from './membership-event.ts';
import type { Membership } from './membership.ts';
import type { RingContext } from './ring-context.ts';
import type { RingContact } from './ring-ports.ts';
import type { RingEntry } from './ring-table.ts';
import { addEntry, emptyDigest, equalDigests, type TableDigest } from './table-digest.ts';
import type { SyncExchange, SyncRequest, SyncSummary } from './wire-message.ts';

interface Session {
  readonly peer: RingContact;
  /** The arcs of this session, whatever happens to the ring's size meanwhile. */
  readonly bits: number;
  /** Announce what is learned here: the other side was outside our ring. */
  readonly announce: boolean;
}

/**
 * Repairs differing tables arc by arc: digests of all arcs, a summary of the arcs that differ, then only the entries
 * that one side lacks, in both directions (RING.md, repair). The sketch of the later set reconciliation replaces the
 * summary; the four messages stay.
 */
export class Reconciliation {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #sessions = new Deadlines<number, Session>();

  constructor(context: RingContext, membership: Membership) {
    this.#context = context;
    this.#membership = membership;
  }

  begin(peer: RingContact, options: { readonly announce: boolean }, nowMs: number): void {
    const busy = [...this.#sessions.entries()].some(
      ([, session]) => bytesToHex(session.peer.publicKey) === bytesToHex(peer.publicKey),
    );
    if (busy || this.#sessions.size >= MAX_RECONCILIATIONS) return;
    this.#context.counters.reconciliations += 1;
    const bits = arcBits(this.#context.table.ringSize);
    const digests = this.#arcDigests(bits);
    const requestId = this.#context.request(peer, { kind: 'sync-request', digests });
    this.#sessions.set(
      requestId,
      { peer, bits, ...options },
      nowMs + this.#context.options.timing.requestTimeoutMs,
    );
  }

  onRequest(from: RingContact, message: SyncRequest): void {
    const bits = Math.log2(message.digests.length);
    const own = this.#arcDigests(bits);
    const arcs: number[] = [];
    const counts = new Map<number, number>();
    for (const entry of this.#context.table.entries()) {
      const arc = arcOf(entry.nid, bits);
      counts.set(arc, (counts.get(arc) ?? 0) + 1);
    }
    let listed = 0;
    message.digests.forEach((digest, arc) => {
      const held = own[arc] ?? emptyDigest();
      const count = counts.get(arc) ?? 0;
      if (equalDigests(held, digest) || listed + count > MAX_SUMMARY_ENTRIES) return;
      listed += count;
      arcs.push(arc);
    });
    const chosen = new Set(arcs);
    const entries = [...this.#context.table.entries()]
      .filter((entry) => chosen.has(arcOf(entry.nid, bits)))
      .map(({ nid, incarnation, state }) => ({ nid, incarnation, state }));
    this.#context.send(from, { kind: 'sync-summary', requestId: message.requestId, arcs, entries });
  }

  onSummary(from: RingContact, message: SyncSummary): void {
    const session = this.#sessions.get(message.requestId);
    if (session === undefined) return;
    const { table } = this.#context;
    const wanted: Uint8Array[] = [];
    const theirs = new Map(message.entries.map((entry) => [bytesToHex(entry.nid), entry]));
    for (const entry of message.entries) {
      const held = table.find(entry.nid);
      if (held === undefined || supersedes(entry, held)) wanted.push(entry.nid);
    }
    const better: MembershipEvent[] = [];
    const arcs = new Set(message.arcs);
    for (const entry of table.entries()) {
      if (!arcs.has(arcOf(entry.nid, session.bits))) continue;
      const known = theirs.get(bytesToHex(entry.nid));
      if (known === undefined || supersedes(entry, known)) better.push(...this.#membership.explain(entry));
    }
    const events = firstBatch(better);
    const { requestId } = message;
    this.#context.send(from, {
      kind: 'sync-exchange',
      requestId,
      wanted: wanted.slice(0, MAX_WANTED_IDS),
      events,
    });
  }

  /** The wanted entries; what the other side knew better is applied by the machine. */
  onExchange(from: RingContact, message: SyncExchange): void {
    const entries = message.wanted
      .map((nid) => this.#context.table.find(nid))
      .filter((entry): entry is RingEntry => entry !== undefined);
    const events = firstBatch(entries.flatMap((entry) => this.#membership.explain(entry)));
    this.#context.send(from, { kind: 'sync-events', requestId: message.requestId, events });
  }

  /** Ends a session. Undefined if there was none: its events are not wanted. */
  finish(requestId: number): { readonly announce: boolean } | undefined {
    return this.#sessions.take(requestId);
  }

  wake(nowMs: number): void {
    this.#sessions.due(nowMs);
  }

  #arcDigests(bits: number): TableDigest[] {
    const digests = Array.from({ length: 2 ** bits }, emptyDigest);
    for (const entry of this.#context.table.entries()) {
      const arc = arcOf(entry.nid, bits);
      digests[arc] = addEntry(digests[arc] ?? emptyDigest(), entry);
    }
    return digests;
  }
}
