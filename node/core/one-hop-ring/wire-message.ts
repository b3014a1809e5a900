import type { IdInterval } from './id-interval.ts';
import type { MemberRecord } from './member-record.ts';
import type { Accusation, MembershipEvent, MemberState } from './membership-event.ts';
import type { ProviderRecord } from './provider-record.ts';
import type { RangeNode } from './reconciliation/range-node.ts';
import type { RingId } from './ring-identifier.ts';
import type { TableDigest } from './table-digest.ts';

/** Every message carries the sender's number for it; an answer repeats the number of its question. uint32. */
interface Numbered {
  readonly requestId: number;
  /**
   * Not on the wire: names of members that the decoder found and our registry snapshot does not list. Events that
   * carry one are left out. Absent: none.
   */
  readonly unknownNames?: number;
}

/** Keep-alive and its answer: load for the cooperation group, digest for repair. */
export interface Ping extends Numbered {
  readonly kind: 'ping' | 'pong';
  readonly load: number;
  readonly digest: TableDigest;
}

/** "Can you reach it?" A `reached` answer follows only if it can. */
export interface IndirectPing extends Numbered {
  readonly kind: 'indirect-ping';
  readonly target: RingId;
}

/** "It answered me." */
export interface Reached extends Numbered {
  readonly kind: 'reached';
}

/** "It did not answer me yet; I go on watching it." */
export interface Unreached extends Numbered {
  readonly kind: 'unreached';
}

/** An observer signs that a member is gone; with a second signature it is a failure. */
export interface Testimony extends Numbered {
  readonly kind: 'testimony';
  /** Undefined if it names somebody whom the registry snapshot does not list. */
  readonly accusation: Accusation | undefined;
}

/** Membership events and the interval that the receiver must cover; the whole ring makes it act as a leader. */
export interface Spread extends Numbered {
  readonly kind: 'spread';
  readonly interval: IdInterval;
  readonly events: readonly MembershipEvent[];
}

/** The message with this number arrived and its duty is accepted. */
export interface Acknowledgement extends Numbered {
  readonly kind: 'acknowledgement';
}

/** The table within an interval. */
export interface SnapshotRequest extends Numbered {
  readonly kind: 'snapshot-request';
  readonly interval: IdInterval;
}

export interface SnapshotPage extends Numbered {
  readonly kind: 'snapshot-page';
  /** Of the sender's whole table. */
  readonly digest: TableDigest;
  /** What of the interval did not fit; undefined if all did. */
  readonly rest: IdInterval | undefined;
  readonly events: readonly MembershipEvent[];
}

/** To the successor: hand me my keys, then announce me. */
export interface JoinRequest extends Numbered {
  readonly kind: 'join-request';
  /** Undefined after decoding if our registry snapshot does not list its author. */
  readonly record: MemberRecord | undefined;
}

/** Accepted, or redirected to a nearer successor. */
export interface JoinReply extends Numbered {
  readonly kind: 'join-reply';
  readonly redirect: MemberRecord | undefined;
}

/** To the successor: I go; announce it. Answered by an acknowledgement. */
export interface LeaveRequest extends Numbered {
  readonly kind: 'leave-request';
  /** Undefined after decoding if our registry snapshot does not list its author. */
  readonly record: MemberRecord | undefined;
}

/** Keep these records. */
export interface Store extends Numbered {
  readonly kind: 'store';
  readonly records: readonly ProviderRecord[];
}

export interface StoreReply extends Numbered {
  readonly kind: 'store-reply';
  /** Records kept now, new or already there. */
  readonly stored: number;
}

export interface LookupRequest extends Numbered {
  readonly kind: 'lookup-request';
  readonly key: RingId;
  /** May the receiver ask the owner if it is not the owner itself? */
  readonly forward: boolean;
}

/** A provider with the load last heard of it (255 unknown): the server list of G-L. */
export interface LoadedProvider {
  readonly record: ProviderRecord;
  readonly load: number;
}

export interface LookupReply extends Numbered {
  readonly kind: 'lookup-reply';
  /** Remote calls that the answer needed beyond the sender. */
  readonly hops: number;
  readonly answeredBy: RingId;
  readonly providers: readonly LoadedProvider[];
  /** Entries that correct the asker's table. */
  readonly corrections: readonly MembershipEvent[];
}

/** A range of positions and the digests of its sixteen parts. */
export interface RangeDigests {
  readonly node: RangeNode;
  readonly digests: readonly TableDigest[];
}

/** What the sender holds about one member. */
export interface ListedEntry {
  /** The leading bytes of the position (SPEC.md, names). */
  readonly name: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
}

/** A range that differs: the digests of its parts, or all its entries if they are few. */
export type RangePart = RangeDigests | { readonly node: RangeNode; readonly entries: readonly ListedEntry[] };

/** "These are my digests: where do yours differ?" */
export interface SyncRequest extends Numbered {
  readonly kind: 'sync-request';
  readonly ranges: readonly RangeDigests[];
}

export interface SyncSummary extends Numbered {
  readonly kind: 'sync-summary';
  /** How many of the ranges asked about are dealt with here; the others may be asked again. */
  readonly answered: number;
  /** Parts of these ranges that differ; a part not mentioned is equal. */
  readonly parts: readonly RangePart[];
}

/** What the sender knows better, and the names of what it wants. */
export interface SyncExchange extends Numbered {
  readonly kind: 'sync-exchange';
  readonly wanted: readonly Uint8Array[];
  readonly events: readonly MembershipEvent[];
}

/** The wanted entries. */
export interface SyncEvents extends Numbered {
  readonly kind: 'sync-events';
  readonly events: readonly MembershipEvent[];
}

export type RingMessage =
  | Ping
  | IndirectPing
  | Reached
  | Unreached
  | Testimony
  | Spread
  | Acknowledgement
  | SnapshotRequest
  | SnapshotPage
  | JoinRequest
  | JoinReply
  | LeaveRequest
  | Store
  | StoreReply
  | LookupRequest
  | LookupReply
  | SyncRequest
  | SyncSummary
  | SyncExchange
  | SyncEvents;

/** Codes on the wire; never reused (SPEC.md, messages). */
export const MESSAGE_CODES: Readonly<Record<RingMessage['kind'], number>> = {
  ping: 1,
  pong: 2,
  'indirect-ping': 3,
  reached: 4,
  spread: 5,
  acknowledgement: 6,
  'snapshot-request': 7,
  'snapshot-page': 8,
  'join-request': 9,
  'join-reply': 10,
  'leave-request': 11,
  store: 12,
  'store-reply': 13,
  'lookup-request': 14,
  'lookup-reply': 15,
  'sync-request': 16,
  'sync-summary': 17,
  'sync-exchange': 18,
  'sync-events': 19,
  unreached: 20,
  testimony: 21,
};
