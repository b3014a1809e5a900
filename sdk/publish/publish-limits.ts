import { MAX_CREDIT_BYTES } from '../protocol/limits.ts';

const KIB = 1024;

/** Links of one inner node of the balanced layout, as kubo lays files out. */
export const LINKS_PER_NODE = 174;

/** Smallest leaf: below it a file costs more in requests than in bytes. Tests of deep DAGs use it too. */
export const MIN_CHUNK_BYTES = 1;

/**
 * Largest leaf. An edge serves a block only if it fits the credit window, which never grows beyond
 * MAX_CREDIT_BYTES (PAYMENT.md, off-chain credit).
 */
export const MAX_CHUNK_BYTES = MAX_CREDIT_BYTES;

/** Largest block of an existing CAR: a full leaf and the protobuf framing around it. */
export const MAX_PUBLISHED_BLOCK_BYTES = MAX_CREDIT_BYTES + 16 * KIB;

/** Files and directories of one published directory: their entries are kept in memory while importing. */
export const MAX_DIRECTORY_ENTRIES = 100_000;

/** Blocks of an existing CAR: their hashes are kept in memory while its completeness is checked. */
export const MAX_CAR_BLOCKS = 1_000_000;

/** Recent block hashes remembered while importing, so that repeated chunks are written once. */
export const REMEMBERED_BLOCKS = 65_536;

/** Blocks hashed and written at a time: with 1 MiB leaves this bounds the importer's memory. */
export const BLOCK_WRITE_CONCURRENCY = 8;

/** Files of a directory read at a time. */
export const FILE_IMPORT_CONCURRENCY = 2;

/** Bytes read from disk at a time. */
export const READ_CHUNK_BYTES = 1024 * KIB;
export const MIN_READ_BYTES = 4 * KIB;

/** Attempts to push one CAR to one edge. */
export const MAX_PUSH_ATTEMPTS = 4;

/** Pause before the second attempt; it doubles with every further one. */
export const PUSH_RETRY_DELAY_MS = 250;

/** A push with no byte taken by the edge for this long is given up. */
export const PUSH_STALL_TIMEOUT_MS = 60_000;

/** An edge that says neither yes nor no to a push for this long is sent the body (RFC 9110, section 10.1.1). */
export const CONTINUE_TIMEOUT_MS = 5_000;

/** How long a signed upload authorisation is good for. */
export const UPLOAD_AUTHORISATION_SECONDS = 3_600;

/** Longest answer of an edge to a push that is read. */
export const MAX_PUSH_ANSWER_BYTES = 64 * KIB;

/** Slices of an upload that are under way to one edge at once; an edge takes eight uploads in all. */
export const SLICES_IN_FLIGHT = 2;

/** A slice of 8 MiB that takes longer than this is sent again: 28 kB/s. */
export const SLICE_TIMEOUT_MS = 300_000;

/** Attempts to send one slice, and the longest pause between two: an edge that restarts is back within a minute. */
export const MAX_SLICE_ATTEMPTS = 10;
export const MAX_SLICE_PAUSE_MS = 10_000;

/** Rounds of an upload after which an edge lacked as much as before. */
export const MAX_VAIN_ROUNDS = 4;

/** Default time until every allocated node must hold the content. */
export const PLACEMENT_TIMEOUT_MS = 120_000;

/** Part of that time after which nodes that have not filled themselves are pushed to one by one. */
export const SELF_FILL_SHARE = 0.25;

/** Deliveries of the whole content that a publisher who names no number is assumed to expect. */
export const DEFAULT_DELIVERIES = 10n;

/** Pause between two looks at whether the nodes hold the content. */
export const PLACEMENT_POLL_MS = 250;

/** Time until the coordinator must have heard of a deal that was just mined, to take its audience or origin. */
export const DEAL_KNOWN_TIMEOUT_MS = 60_000;

/** Pause between two attempts to have it taken. */
export const DEAL_KNOWN_POLL_MS = 250;

/** Looking at an origin: silence after which it is given up, longest answer that is read, redirects that are followed. */
export const ORIGIN_PROBE_TIMEOUT_MS = 10_000;
export const MAX_ORIGIN_ANSWER_BYTES = 64 * KIB;
export const MAX_ORIGIN_REDIRECTS = 3;

/** Reading an origin to name its content: bytes of one request, as of a node's run (node/core/origin/SPEC.md, runs). */
export const ORIGIN_PIECE_BYTES = 8 * KIB * KIB;
/** Attempts to read one piece after the first, and the pause before each. */
export const MAX_ORIGIN_PIECE_ATTEMPTS = 4;
export const ORIGIN_PIECE_RETRY_MS = 1_000;

/** Pause between two looks at the chain's clock while thawing. */
export const THAW_POLL_MS = 500;

/** Grace beyond the announced thaw end before closing is given up. */
export const THAW_GRACE_MS = 60_000;

/** How long after the thaw nodes that are not paid yet are waited for, and the pause between two looks. */
export const LAST_PAYMENTS_TIMEOUT_MS = 60_000;
export const LAST_PAYMENTS_POLL_MS = 500;

/** Nodes named in one transaction. */
export const MAX_NODES_PER_CALL = 32;

/** An edge that does not answer a notice within this is left to hear of it from others. */
export const NOTICE_TIMEOUT_MS = 10_000;
/** Largest answer to a notice. */
export const MAX_NOTICE_ANSWER_BYTES = 16_384;

/** Longest journal of a publication: 256 nodes with 16 endpoints each. */
export const MAX_PUBLICATION_FILE_BYTES = 2 * KIB * KIB;

/** Time until transactions of an interrupted program must be mined, and the pause between two looks. */
export const PENDING_TIMEOUT_MS = 120_000;
export const PENDING_POLL_MS = 250;
