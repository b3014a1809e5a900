/**
 * Every limit of the ring, with its unit and the section that asks for it. Nothing from another node is used
 * before it has been held against one of these.
 */

/** A ring position: 256 bits (RING.md, identity). */
export const RING_ID_BYTES = 32;
/** A raw Ed25519 public key, the libp2p identity of a member (PAYMENT.md, registry). */
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const OPERATOR_BYTES = 20;

/** Region code: `bytes8` in the registry, ASCII. */
export const MAX_REGION_BYTES = 8;
/** Endpoints of one member or provider, as many as the registry accepts. */
export const MAX_ADDRESSES = 8;
export const MAX_ADDRESS_BYTES = 128;

/** One message on the wire. */
export const MAX_MESSAGE_BYTES = 65_536;
/** Bytes of membership events or provider records that are batched into one message. */
export const MAX_BATCH_BYTES = 49_152;
/** Membership events in one message. */
export const MAX_EVENTS_PER_MESSAGE = 512;
/** Signatures under one accusation: the detector and its observers (RING.md, failure detection). */
export const MAX_WITNESSES = 4;
/** Signatures that a failure needs (RING.md, failure detection); one in a ring too small for a second observer. */
export const REQUIRED_WITNESSES = 2;
export const LARGEST_RING_OF_ONE_WITNESS = 2;
/** Provider records in one store message. */
export const MAX_RECORDS_PER_STORE = 256;
/** Providers in one lookup answer. */
export const MAX_PROVIDERS_PER_ANSWER = 32;
/** Membership events that correct the asker, in one answer. */
export const MAX_CORRECTIONS = 8;
/** Ranges in one question of a repair, and entries listed for one range (RING.md, repair). */
export const MAX_ASKED_RANGES = 32;
export const MAX_LISTED_ENTRIES = 48;
/** Entries asked for in one repair message. */
export const MAX_WANTED_NAMES = 160;
/** Ranges waiting to be compared, differing entries, and questions of one repair. */
export const MAX_REPAIR_NODES = 4_096;
export const MAX_REPAIRED_ENTRIES = 65_536;
export const MAX_REPAIR_ROUND_TRIPS = 128;

/** Table entries, tombstones included; the registry bounds them anyway. */
export const MAX_TABLE_ENTRIES = 1_000_000;

/** Replicas of a provider record: r in RING.md, index. */
export const REPLICAS = 5;
/** Keys held by one node. */
export const MAX_INDEX_KEYS = 262_144;
/** Providers kept for one key. */
export const MAX_PROVIDERS_PER_KEY = 64;
/** Keys that one node provides, and records of one provider that a holder keeps. */
export const MAX_PROVIDED_KEYS = 65_536;
/** Longest life of a provider record. */
export const MAX_PROVIDER_TTL_SECONDS = 86_400;
/** A record signed this far ahead of our clock is refused. */
export const MAX_CLOCK_SKEW_MS = 600_000;

/** Slices of a snapshot that a joiner fetches side by side. */
export const MAX_SNAPSHOT_REQUESTS = 8;
/** Pages of one snapshot: those of `MAX_TABLE_ENTRIES` members, twice over. */
export const MAX_SNAPSHOT_PAGES = 4_096;
/** Events remembered as covered, so that a second arrival is not passed on again. */
export const MAX_COVERED_EVENTS = 4_096;
/** How long they are at least. */
export const COVERED_MEMORY_MS = 10_000;
/** Different duties whose events are paced at once; more are covered without batching. */
export const MAX_PACED_DUTIES = 64;
/** A child that did not acknowledge heads no subtree for so long. */
export const SILENT_CHILD_MEMORY_MS = 10_000;
/** So long after its record came, a member whose delay nobody measured heads no subtree: the first message must dial. */
export const NEWCOMER_MS = 5_000;
/** A first keep-alive counts as missed after this long at most, however slow answers are lately. */
export const MAX_PROBE_TIMEOUT_MS = 2_500;
/** An answer to a keep-alive that comes within this still tells the delay. */
export const LATE_ANSWER_MS = 10_000;
/** An acknowledgement that is late by no more than this still tells the delay. */
export const LATE_ACKNOWLEDGEMENT_MS = 10_000;
/** Spread messages waiting for their acknowledgement. */
export const MAX_PENDING_SPREADS = 8_192;
/** Provider records whose signature need not be checked again. */
export const MAX_VERIFIED_RECORDS = 8_192;
/** Lookups in flight, own and forwarded. */
export const MAX_PENDING_LOOKUPS = 4_096;
/** Contacts of the registry kept for finding a lost part of the ring. */
export const MAX_KNOWN_CONTACTS = 256;
/** Members that one node keeps alive at once, those it stands in for included. */
export const MAX_WATCHED = 64;
/** Members that owe an answer at once, for whatever reason. */
export const MAX_WATCHES = 512;
/** Those who asked us about one silent member, and those whom we asked. */
export const MAX_ASKERS = 16;
export const MAX_ASKED = 16;
/** Members whose failure one observer has signed and nobody has announced. */
export const MAX_TESTIMONIES = 512;
/** Tombstones probed in one interval (RING.md, identity, table, successor). */
export const MAX_OUTSIDER_PROBES = 4;
/** Reconciliations at once. */
export const MAX_RECONCILIATIONS = 8;

/** Lookups that one non-member may ask for in a burst, and for how many each second after it. */
export const GUEST_LOOKUP_BURST = 64;
export const GUEST_LOOKUPS_PER_SECOND = 32;
/** Non-members whose allowance is remembered. */
export const MAX_GUESTS = 4_096;

/** Times of the protocol in milliseconds; a development network or a test may run faster. */
export interface RingTiming {
  /** Between two keep-alives to the same member. @default 1_000 */
  readonly keepAliveIntervalMs: number;
  /** Until a keep-alive counts as missed, and until indirect probes do. @default 750 */
  readonly probeTimeoutMs: number;
  /** Woken later than this, a node blames itself and not those whose answers it missed. @default 250 */
  readonly stallToleranceMs: number;
  /** How long a suspect may answer before its observers sign that it is gone (README.md). @default 3_750 */
  readonly suspicionMs: number;
  /** Leaders batch events for at most this long (RING.md, events and the tree). @default 250 */
  readonly batchDelayMs: number;
  /** Most that a parent waits before it takes over the children of a silent child. @default 4_000 */
  readonly spreadAckTimeoutMs: number;
  /** Least that it waits, however near the child. @default 100 */
  readonly minSpreadAckTimeoutMs: number;
  /** What it waits as long as it has measured no delay at all. @default 150 */
  readonly firstSpreadAckTimeoutMs: number;
  /** Until a discoverer that has not heard its own event announces it itself. @default 3_000 */
  readonly relayConfirmMs: number;
  /** Until a question (snapshot, join, store, sync) counts as unanswered. @default 1_500 */
  readonly requestTimeoutMs: number;
  /** All attempts of one lookup together. @default 3_000 */
  readonly lookupTimeoutMs: number;
  /** Bounds of the hedge to the second successor, which follows the measured p95. */
  readonly minHedgeMs: number;
  readonly maxHedgeMs: number;
  /** Between two probes of a tombstone or of a contact outside the table. @default 5_000 */
  readonly tombstoneProbeIntervalMs: number;
  /** Membership changes are collected this long before replicas are moved. @default 200 */
  readonly rebalanceDelayMs: number;
  /** Life of a provider record. @default 1_800 s */
  readonly providerTtlSeconds: number;
  /** Between two republications of a key. @default 600_000 */
  readonly republishIntervalMs: number;
  /** Between two sweeps of expired records. @default 30_000 */
  readonly sweepIntervalMs: number;
  /** A replica is kept this long after its node stopped being responsible. @default 60_000 */
  readonly formerReplicaMs: number;
  /** Between two attempts to join while no seed answers. @default 1_000 */
  readonly joinRetryMs: number;
  /** After so long without any seed the node starts a ring of its own and keeps asking. @default 4_000 */
  readonly joinAloneAfterMs: number;
}

export const DEFAULT_TIMING: RingTiming = {
  keepAliveIntervalMs: 1_000,
  probeTimeoutMs: 750,
  stallToleranceMs: 250,
  suspicionMs: 3_750,
  batchDelayMs: 250,
  spreadAckTimeoutMs: 4_000,
  minSpreadAckTimeoutMs: 100,
  firstSpreadAckTimeoutMs: 150,
  relayConfirmMs: 3_000,
  requestTimeoutMs: 1_500,
  lookupTimeoutMs: 3_000,
  minHedgeMs: 20,
  maxHedgeMs: 500,
  tombstoneProbeIntervalMs: 5_000,
  rebalanceDelayMs: 200,
  providerTtlSeconds: 1_800,
  republishIntervalMs: 600_000,
  sweepIntervalMs: 30_000,
  formerReplicaMs: 60_000,
  joinRetryMs: 1_000,
  joinAloneAfterMs: 4_000,
};

/** The largest incarnation, a uint32. */
export const MAX_INCARNATION = 0xffff_ffff;
