import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { MemberRecord } from './member-record.ts';
import type { Membership } from './membership.ts';
import type { Replication } from './replication.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import { nextId } from './ring-identifier.ts';

/** Successors told before the node goes silently. */
const MAX_SUCCESSORS_TOLD = 3;

type Phase =
  | { readonly name: 'staying' }
  | { readonly name: 'handing-over'; readonly record: MemberRecord; readonly dueMs: number }
  | {
      readonly name: 'telling';
      readonly record: MemberRecord;
      readonly requestId: number;
      readonly publicKey: Uint8Array;
      readonly dueMs: number;
    }
  | { readonly name: 'left' };

/** Planned leave: index handed over first, then the successor is told and announces (RING.md, events). */
export class Departure {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #replication: Replication;
  #phase: Phase = { name: 'staying' };
  #told = new Set<Hex>();

  constructor(context: RingContext, membership: Membership, replication: Replication) {
    this.#context = context;
    this.#membership = membership;
    this.#replication = replication;
  }

  get isLeaving(): boolean {
    return this.#phase.name !== 'staying';
  }

  get hasLeft(): boolean {
    return this.#phase.name === 'left';
  }

  begin(nowMs: number): void {
    if (this.isLeaving) return;
    const { record } = this.#context;
    // Who has left is not called again: its record needs no addresses.
    const farewell = this.#context.signOwnRecord(record.incarnation + 1, { departed: true, addresses: [] });
    const dueMs = nowMs + this.#context.options.timing.requestTimeoutMs;
    this.#phase = { name: 'handing-over', record: farewell, dueMs };
    this.#replication.handOverAll(nowMs, (handedOverMs) => {
      this.#tellNext(farewell, handedOverMs);
    });
  }

  onAcknowledgement(from: Uint8Array, requestId: number): void {
    const phase = this.#phase;
    if (phase.name !== 'telling' || phase.requestId !== requestId || !equalBytes(from, phase.publicKey))
      return;
    this.#leave(phase.record);
  }

  unreachable(publicKey: Uint8Array, nowMs: number): void {
    const phase = this.#phase;
    if (phase.name === 'telling' && equalBytes(phase.publicKey, publicKey))
      this.#tellNext(phase.record, nowMs);
  }

  wake(nowMs: number): void {
    const phase = this.#phase;
    if ('dueMs' in phase && nowMs >= phase.dueMs) this.#tellNext(phase.record, nowMs);
  }

  nextMs(): number {
    return 'dueMs' in this.#phase ? this.#phase.dueMs : Infinity;
  }

  #tellNext(record: MemberRecord, nowMs: number): void {
    if (this.#phase.name === 'left') return;
    const { table, nid } = this.#context;
    for (const successor of table.successors(nextId(nid), MAX_SUCCESSORS_TOLD)) {
      const id = bytesToHex(successor.nid);
      if (this.#context.isSelf(successor.nid) || this.#told.has(id)) continue;
      this.#told.add(id);
      const to = contactOf(successor);
      const requestId = this.#context.request(to, { kind: 'leave-request', record });
      const dueMs = nowMs + this.#context.options.timing.requestTimeoutMs;
      this.#phase = { name: 'telling', record, requestId, publicKey: to.publicKey, dueMs };
      return;
    }
    this.#leave(record);
  }

  #leave(record: MemberRecord): void {
    this.#phase = { name: 'left' };
    this.#membership.applyOwnRecord(record);
    this.#context.emit({ type: 'left' });
  }
}
