import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { cellOf, type IdInterval } from './id-interval.ts';
import { MAX_BATCH_BYTES, MAX_EVENTS_PER_MESSAGE } from './limits.ts';
import { eventBytes, type MembershipEvent } from './membership-event.ts';
import type { Membership } from './membership.ts';
import type { Replication } from './replication.ts';
import type { RingContext } from './ring-context.ts';
import { nextId, type RingId } from './ring-identifier.ts';
import type { RingContact } from './ring-ports.ts';
import type { JoinRequest, LeaveRequest, SnapshotRequest } from './wire-message.ts';

/** What admitting asks of the machine. */
export interface AdmittingEffects {
  /** Apply the event and tell the whole ring. */
  readonly announce: (event: MembershipEvent, nowMs: number) => void;
  readonly isDoubtful: (nid: RingId) => boolean;
}

/** The members' side of joining and leaving: snapshots, handover to a joiner, announcement (RING.md, events). */
export class Admitting {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #replication: Replication;
  readonly #effects: AdmittingEffects;

  constructor(
    context: RingContext,
    membership: Membership,
    replication: Replication,
    effects: AdmittingEffects,
  ) {
    this.#context = context;
    this.#membership = membership;
    this.#replication = replication;
    this.#effects = effects;
  }

  /** One page of the table; an empty last page from a node that is no member yet. */
  onSnapshotRequest(from: RingContact, message: SnapshotRequest, isMember: boolean): void {
    const { table } = this.#context;
    const { requestId, interval } = message;
    const events: MembershipEvent[] = [];
    let bytes = 0;
    let rest: IdInterval | undefined;
    for (const entry of isMember ? table.entriesIn(interval) : []) {
      const explained = this.#membership.explain(entry);
      for (const event of explained) bytes += eventBytes(event);
      if (bytes > MAX_BATCH_BYTES || events.length + explained.length > MAX_EVENTS_PER_MESSAGE) {
        rest = { from: cellOf(entry.nid).from, to: interval.to };
        break;
      }
      events.push(...explained);
    }
    this.#context.send(from, { kind: 'snapshot-page', requestId, digest: table.digest, rest, events });
  }

  /** If we are its successor, the joiner gets its keys, then it is announced (RING.md, events; index). */
  onJoinRequest(from: RingContact, message: JoinRequest, nowMs: number): void {
    const { record, requestId } = message;
    if (record === undefined || record.departed || !equalBytes(record.publicKey, from.publicKey)) return;
    const joiner = record.nid;
    const successor = this.#context.table.successor(nextId(joiner));
    const isOurs = successor === undefined || this.#context.isSelf(successor.nid);
    if (!isOurs && !this.#effects.isDoubtful(successor.nid)) {
      this.#context.send(from, { kind: 'join-reply', requestId, redirect: successor.record });
      return;
    }
    this.#replication.handOver(record, joiner, nowMs, (handedOverMs) => {
      this.#context.send(from, { kind: 'join-reply', requestId, redirect: undefined });
      this.#effects.announce({ kind: 'record', record }, handedOverMs);
    });
  }

  onLeaveRequest(from: RingContact, message: LeaveRequest, nowMs: number): void {
    const { record, requestId } = message;
    if (record?.departed !== true || !equalBytes(record.publicKey, from.publicKey)) return;
    this.#context.send(from, { kind: 'acknowledgement', requestId });
    this.#effects.announce({ kind: 'record', record }, nowMs);
  }
}
