import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import type { RingAdmission, RingContact } from '../one-hop-ring/ring-ports.ts';
import type { LoadedProvider } from '../one-hop-ring/wire-message.ts';
import type { GroupTiming } from './group-limits.ts';
import type { GroupMessage } from './group-message.ts';

/** An edge that can serve content. */
export interface ContentServer {
  /** Raw Ed25519 public key of its libp2p host. */
  readonly publicKey: Uint8Array;
  readonly operator: Address;
  readonly region: string;
  /** Multiaddrs under which its content is served. */
  readonly addresses: readonly string[];
}

/** A member of the ring as the group sees it. */
export interface GroupServer extends ContentServer {
  readonly nid: RingId;
}

/** How much a node does, and could do. */
export interface Standing {
  /** 0 idle to 254 full. */
  readonly load: number;
  /** Bytes it could send beside what it sends now, in KiB/s. */
  readonly freeKiBps: number;
}

/** Everything that a cooperation group needs to know of the rest of the node; asked synchronously. */
export interface GroupPorts {
  readonly admission: Pick<RingAdmission, 'nidOf'>;
  /** Uniform in [0, 1). */
  random(): number;
  /** Of this node, now. */
  standing(): Standing;
  /** Complete contents of this node as hexadecimal keys, the most important first. */
  heldKeys(): Iterable<Hex>;
  /** Does this node hold the whole content, now? */
  holds(key: RingId): boolean;
  /** Round trip to an edge in milliseconds as the ring measured it. */
  delayMsOf(publicKey: Uint8Array): number | undefined;
  /** Where to reach an edge by this protocol; undefined if the ring does not list it. */
  contactOf(publicKey: Uint8Array): RingContact | undefined;
}

export interface GroupOptions {
  /** This node; its region is the group. */
  readonly self: GroupServer;
  readonly timing: GroupTiming;
}

/** What happens to the machine. */
export type GroupEvent =
  | { readonly type: 'start' }
  /** The other members of the own region, by the ring's table. */
  | { readonly type: 'members'; readonly servers: readonly GroupServer[] }
  /** `from` is the public key that the connection has proved. */
  | { readonly type: 'message'; readonly from: Uint8Array; readonly message: GroupMessage }
  /** Nothing could be delivered to this key just now. */
  | { readonly type: 'unreachable'; readonly publicKey: Uint8Array }
  /** Who serves this content? With fewer than `wanted` servers at hand the ring is asked. */
  | { readonly type: 'route'; readonly id: number; readonly key: RingId; readonly wanted: number }
  /** What came of a `lookup` action; undefined if the ring did not answer. */
  | { readonly type: 'looked-up'; readonly id: number; readonly answer: IndexAnswer | undefined }
  /** A server that a route named has not got the content. */
  | { readonly type: 'refused'; readonly publicKey: Uint8Array; readonly key: RingId }
  /** The time asked for by `nextWakeMs` has come. */
  | { readonly type: 'wake' };

/** What the machine wants done. */
export type GroupAction =
  | { readonly type: 'send'; readonly to: RingContact; readonly message: GroupMessage }
  /** Ask the ring; tell the outcome by `looked-up`. */
  | { readonly type: 'lookup'; readonly id: number; readonly key: RingId }
  /** The answer to `route`; undefined if neither the group nor the ring could tell. */
  | { readonly type: 'routed'; readonly id: number; readonly route: ContentRoute | undefined }
  /** Load of a member, and the round trip to it if this message measured it: for the ring's table. */
  | {
      readonly type: 'standing-heard';
      readonly nid: RingId;
      readonly load: number;
      readonly delayMs: number | undefined;
    };

/** Provider records of the ring's index, verified. */
export interface IndexAnswer {
  readonly providers: readonly LoadedProvider[];
  /** Remote calls that the lookup took. */
  readonly hops: number;
}

/** How a server was found: it is this node, a member of the own group claims the content, or the ring's index says so. */
export type RouteReason = 'own' | 'own-group' | 'ring';

export interface RoutedServer extends ContentServer {
  readonly reason: RouteReason;
  /** 0 idle to 254 full, 255 unknown. */
  readonly load: number;
  /** Measured round trip in milliseconds. */
  readonly delayMs: number | undefined;
}

/** Servers of a content, best first. */
export interface ContentRoute {
  readonly servers: readonly RoutedServer[];
  /** Remote calls to know the first server: 0 unless the ring was asked. */
  readonly lookupHops: number;
  /** Remote calls until the content itself is reached at the first server, that call included. */
  readonly hops: number;
}

/** Counters since start. */
export interface GroupCounters {
  routedOwn: number;
  routedGroup: number;
  routedRing: number;
  /** Nobody holds it, or nobody answered. */
  routedNowhere: number;
  /** Routes of more than two hops: the lookup itself took more than one. */
  beyondTwoHops: number;
  /** Claims of members that proved wrong. */
  falsePositives: number;
  statesSent: number;
  changesApplied: number;
  summariesSent: number;
  summariesReceived: number;
  /** Messages of keys that are no members of the group, or not in the registry. */
  strangers: number;
  throttled: number;
}
