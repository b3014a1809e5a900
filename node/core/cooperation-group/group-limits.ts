/**
 * Every limit of cooperation groups, with its unit. Nothing from another edge is used before it has been held against
 * one of these (SPEC.md beside this file).
 */

/** Members that one edge exchanges with; a larger region is cut into overlapping neighbourhoods (SPEC.md, partners). */
export const MAX_PARTNERS = 64;

/** Load of an edge that never told it; told loads end at 254. */
export const LOAD_UNKNOWN = 255;
/** Free capacity in KiB/s of an edge that did not tell it. */
export const CAPACITY_UNKNOWN = 0xffff_ffff;

/** Contents in one summary; what an edge holds beyond them is found through the ring. */
export const MAX_SUMMARY_CONTENTS = 24_576;
/** A summary on the wire, in bytes: the most that so many fingerprints can take (SPEC.md, summary). */
export const MAX_SUMMARY_BYTES = 32_768;
/** Range of fingerprints, in bits. */
export const MIN_FINGERPRINT_BITS = 7;
export const MAX_FINGERPRINT_BITS = 22;
/** A summary names at most one of so many fingerprints: the inverse of the highest rate of false positives. */
export const FINGERPRINTS_PER_CONTENT = 128;
/** Fingerprints that come or go in one state message; more changes are told by a whole summary. */
export const MAX_CHANGED_FINGERPRINTS = 1_024;

/** One message, in bytes: a whole summary and its head. */
export const MAX_GROUP_MESSAGE_BYTES = MAX_SUMMARY_BYTES + 256;
/** Servers in one `located` answer. */
export const MAX_LOCATED_SERVERS = 32;

/** Routes waiting for a lookup of the ring. */
export const MAX_PENDING_ROUTES = 4_096;
/** Servers named in one route. */
export const MAX_ROUTED_SERVERS = 32;
/** Servers of other groups whose load is remembered. */
export const MAX_REMEMBERED_LOADS = 4_096;
/** Other groups whose last question is remembered. */
export const MAX_ASKED_GROUPS = 256;
/** Contents that one member is known to have claimed wrongly, until its summary changes. */
export const MAX_REFUSED_CLAIMS = 256;

/** Times in milliseconds; a development network or a test may run faster. */
export interface GroupTiming {
  /** Between two looks at the own state, and between two states sent while it changes. @default 2_000 */
  readonly changeIntervalMs: number;
  /** Between two states sent at rest. @default 10_000 */
  readonly restIntervalMs: number;
  /** A member silent for so long is not routed to by its summary. @default 25_000 */
  readonly silenceMs: number;
  /** Until a question for a summary, or to another group, counts as unanswered. @default 2_000 */
  readonly requestTimeoutMs: number;
  /** Between two questions to the same other group. @default 5_000 */
  readonly refineIntervalMs: number;
  /** How long a load of another group's server is believed. @default 30_000 */
  readonly loadMemoryMs: number;
}

export const DEFAULT_GROUP_TIMING: GroupTiming = {
  changeIntervalMs: 2_000,
  restIntervalMs: 10_000,
  silenceMs: 25_000,
  requestTimeoutMs: 2_000,
  refineIntervalMs: 5_000,
  loadMemoryMs: 30_000,
};
