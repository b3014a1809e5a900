import type { RingTiming } from './limits.ts';
import type { MembershipEvent } from './membership-event.ts';
import type { AdmittedEdge, RingAdmission } from './ring-admission.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingTable } from './ring-table.ts';
import type { LoadedProvider, RingMessage } from './wire-message.ts';

export type { AdmittedEdge, RingAdmission };

/** Everything impure that the ring needs, injected. */
export interface RingPorts {
  readonly admission: RingAdmission;
  /** Ed25519 by the own libp2p key. */
  sign(message: Uint8Array): Uint8Array;
  /** Ed25519; false for anything malformed. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * True if a keep-alive to this member would certainly be answered in time, would show an equal table, and is
   * accounted for elsewhere; then it is not sent. Absent in a node. A simulation of 10^5 nodes charges the probes
   * between healthy members this way, which changes nothing that the protocol decides (RING.md, numbers).
   */
  isAnswerCertain?(nid: RingId): boolean;
}

/** Where to send: the key authenticates the connection, the addresses only help to find it. */
export interface RingContact {
  readonly publicKey: Uint8Array;
  readonly addresses: readonly string[];
}

export interface RingOptions {
  /** Names the network in every signature, e.g. `/bcdn/31337/0x…/ring/2`. */
  readonly network: string;
  readonly publicKey: Uint8Array;
  /** Multiaddrs of the own ring protocol. */
  readonly addresses: readonly string[];
  /** Multiaddrs under which the own content is served. */
  readonly providerAddresses: readonly string[];
  /** First incarnation; larger than any of an earlier run, e.g. Unix seconds at start. */
  readonly incarnation: number;
  readonly timing: RingTiming;
  /** @default an empty table in columns */
  readonly table?: RingTable;
}

/** What happens to the machine. */
export type RingEvent =
  /** Begin; without seeds the node is the first of its ring. */
  | { readonly type: 'start'; readonly seeds: readonly RingContact[] }
  /** Begin as a member with the given table, which lists this node already: nobody is asked, nothing announced. */
  | { readonly type: 'adopt' }
  /** `from` is the public key that the connection has proved. */
  | { readonly type: 'message'; readonly from: Uint8Array; readonly message: RingMessage }
  /**
   * Nothing could be delivered to this key just now. `refused`: its host answered that nobody listens there, so the
   * process is gone and not merely slow.
   */
  | { readonly type: 'unreachable'; readonly publicKey: Uint8Array; readonly refused?: boolean }
  | { readonly type: 'lookup'; readonly id: number; readonly key: RingId }
  | { readonly type: 'provide'; readonly key: RingId }
  | { readonly type: 'unprovide'; readonly key: RingId }
  /** Own load, 0 idle to 254 full. */
  | { readonly type: 'load'; readonly load: number }
  /** Load of a member, and a round trip to it in milliseconds, as its cooperation group told them. */
  | {
      readonly type: 'standing';
      readonly nid: RingId;
      readonly load: number;
      readonly delayMs: number | undefined;
    }
  /** The addresses of this node changed. */
  | {
      readonly type: 'addresses';
      readonly addresses: readonly string[];
      readonly providerAddresses: readonly string[];
    }
  /** The snapshot behind `admission` is newer now; `contacts` are edges that it lists. */
  | { readonly type: 'registry-refreshed'; readonly contacts: readonly RingContact[] }
  | { readonly type: 'leave' }
  /** The time asked for by `nextWakeMs` has come. */
  | { readonly type: 'wake' };

/** What the machine wants done. */
export type RingAction =
  | { readonly type: 'send'; readonly to: RingContact; readonly message: RingMessage }
  | { readonly type: 'lookup-done'; readonly id: number; readonly outcome: LookupOutcome }
  /** The node is a member now. */
  | { readonly type: 'joined' }
  /** The departure is announced; the process may stop. */
  | { readonly type: 'left' }
  /** A key of this `provide` is stored on at least one holder. */
  | { readonly type: 'provided'; readonly key: RingId }
  /** A key that the registry snapshot does not know wants in: refresh it. */
  | { readonly type: 'registry-wanted' }
  /** A table entry changed; for keeping connections warm and for logs. */
  | { readonly type: 'membership'; readonly event: MembershipEvent };

export interface LookupOutcome {
  readonly providers: readonly LoadedProvider[];
  /** 0 answered here, 1 one remote call, 2 two of them (forwarded, or a second one asked). */
  readonly hops: number;
  /** Undefined if nobody answered in time. */
  readonly answeredBy: RingId | undefined;
}

/** Counters since start. */
export interface RingCounters {
  lookups: number;
  /** Answered by the first node asked, or here. */
  oneHop: number;
  /** Nobody answered in time. */
  lookupTimeouts: number;
  hedged: number;
  forwarded: number;
  /** Messages of keys that the registry does not know. */
  strangers: number;
  refusedEvents: number;
  refusedRecords: number;
  throttledGuests: number;
  suspicions: number;
  failuresDeclared: number;
  refutations: number;
  reconciliations: number;
}
