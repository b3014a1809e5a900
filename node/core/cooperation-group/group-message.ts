import type { RingId } from '../one-hop-ring/ring-identifier.ts';

/** Names one state of a summary: the salt changes with every new range of fingerprints and every restart. */
export interface SummaryVersion {
  /** uint32. */
  readonly salt: number;
  /** uint32, one more with every change under this salt. */
  readonly version: number;
}

/** What came and went since the version before: ascending fingerprints. */
export interface SummaryChange {
  readonly added: Uint32Array;
  readonly removed: Uint32Array;
}

/** How the sender stands, every few seconds. */
export interface GroupState {
  readonly kind: 'state';
  /** 0 idle to 254 full, 255 unknown. */
  readonly load: number;
  /** Bytes that the sender could send beside what it sends now, in KiB/s; `CAPACITY_UNKNOWN` if it cannot tell. */
  readonly freeKiBps: number;
  /** The sender's clock in milliseconds modulo 2^32, to be echoed. */
  readonly stampMs: number;
  /** The receiver's last stamp and how long ago it came: the receiver's clock tells the round trip. */
  readonly echo: { readonly stampMs: number; readonly heldMs: number } | undefined;
  readonly summary: SummaryVersion;
  /** What makes this summary of the version before; undefined: ask for the whole if you lack it. */
  readonly change: SummaryChange | undefined;
}

/** "Send me your whole summary." */
export interface SummaryRequest {
  readonly kind: 'summary-request';
}

/** All fingerprints of the contents that the sender holds. */
export interface ContentSummary {
  readonly kind: 'summary';
  readonly summary: SummaryVersion;
  /** Range of the fingerprints. */
  readonly bits: number;
  /** Ascending. */
  readonly fingerprints: Uint32Array;
}

/** "Which servers of your group hold this content, and how loaded are they?" */
export interface LocateRequest {
  readonly kind: 'locate-request';
  /** uint32, repeated in the answer. */
  readonly requestId: number;
  readonly key: RingId;
}

export interface LocatedServer {
  readonly nid: RingId;
  readonly load: number;
  readonly freeKiBps: number;
}

export interface Located {
  readonly kind: 'located';
  readonly requestId: number;
  /** Best first. */
  readonly servers: readonly LocatedServer[];
}

export type GroupMessage = GroupState | SummaryRequest | ContentSummary | LocateRequest | Located;

/** Codes on the wire; never reused (SPEC.md, messages). */
export const GROUP_MESSAGE_CODES: Readonly<Record<GroupMessage['kind'], number>> = {
  state: 1,
  'summary-request': 2,
  summary: 3,
  'locate-request': 4,
  located: 5,
};
