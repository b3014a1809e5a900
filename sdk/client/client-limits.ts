const KIB = 1024;
const MIB = 1024 * KIB;

/** Blocks asked of one source at a time; its window and its credit usually allow fewer. */
export const MAX_IN_FLIGHT_PER_SOURCE = 8;

/** Least that is asked of a source at a time: one full block, which is what the credit of one grant allows. */
export const MIN_WINDOW_BYTES = MIB;

/** Where less than this travels in a round trip, a larger window is not worth a try: a sixteenth of a block. */
export const MIN_BDP_BYTES = 64 * KIB;

/** Newest answers of a source that its least round trip is taken from. */
export const PACE_SAMPLES = 16;

/** Answers that a window is judged by; a larger one must deliver this many times faster to be kept … */
export const WINDOW_SAMPLES = 3;
export const WINDOW_GAIN = 1.06;

/** … and is tried again after this long. */
export const WINDOW_PROBE_INTERVAL_MS = 10_000;

/** Grants of one node used side by side, when its round trip is too long for the credit of one (PAYMENT.md, credit). */
export const MAX_LANES_PER_SOURCE = 4;

/** Blocks of a download that are wanted at a time, over all sources. */
export const MAX_WANTED_BLOCKS = 64;

/** Bytes that a download may be ahead of the first byte not yet written: bounds its memory. */
export const DEFAULT_AHEAD_BYTES = 32 * MIB;

/** A part is synced to the disk, and what of it was verified recorded, after so many bytes: at most twice as many are
 * verified again after a kill. */
export const JOURNAL_SYNC_BYTES = 32 * MIB;

/** A journal beyond this is not read: the part is verified again. About 48 bytes a block. */
export const MAX_JOURNAL_BYTES = 64 * MIB;

/** Requests for the same block that may be under way at once. */
export const MAX_COPIES_IN_FLIGHT = 2;

/** Bytes asked for a second time, as a share of all that were asked for (DELIVERY.md, numbers to reach) … */
export const MAX_COPY_SHARE = 0.01;

/** … beside one block, which even the smallest file may have copied … */
export const FREE_COPIES = 1;

/** … if its holder is STALLED_FACTOR times later than expected, and at least so late: less is jitter, and not paid for. */
export const MIN_FREE_COPY_MS = 400;

/** A holder that is this many times later than expected, and at least so late, counts as stalled: its blocks are asked
 * for elsewhere whatever has been copied before. */
export const STALLED_FACTOR = 4;
export const MIN_STALLED_MS = 1_000;

/** Where neither the holder nor who would be asked instead was measured yet: 4.2 Mbit/s for a full block. */
export const UNMEASURED_STALLED_MS = 2_000;

/** A source that answered after all is waited for twice as long from then on, up to so many times. */
export const MAX_PATIENCE = 8;

/** Stalled holders after which a block is left to the timeout of one of them. */
export const MAX_STALLED_HOLDERS = 4;

/** A block is asked of a second source only if its holder would take this many times longer … */
export const STEAL_FACTOR = 2;

/** … and at least this much longer. */
export const MIN_STEAL_GAIN_MS = 60;

/** The first block of all is copied before the others run out: when so few free blocks are left for each source. */
export const URGENT_FREE_BLOCKS = 2;

/** A source below this share of the best rate is slow: it gets blocks that are needed later. */
export const SLOW_SOURCE_SHARE = 0.4;

/**
 * Peers of the own domain that together are at least so many times as fast as all other sources together carry a download
 * alone (DELIVERY.md, download): it takes at most twice as long, and edges send nothing. Slower ones share it with them.
 */
export const NEAR_SHARE = 1;

/** A source that is too slow to be of use is given a block this often, to measure it again. */
export const SLOW_PROBE_INTERVAL_MS = 5_000;

/** Smaller answers do not count for a source's rate. */
export const MIN_RATE_SAMPLE_BYTES = 64 * KIB;

/** Where SHA-256 takes so many bytes a millisecond on one thread, blocks are hashed while they arrive. */
export const FAST_HASH_BYTES_PER_MS = 600_000;
export const HASH_SAMPLE_BYTES = 512 * KIB;

/** Blocks from this size on are hashed in another thread: below it, handing over costs more than hashing. */
export const THREADED_HASH_BYTES = 64 * KIB;

/** Weight of the newest measurement in a source's rate. */
export const RATE_SMOOTHING = 0.3;

/** Transport failures in a row after which a source is dropped. */
export const MAX_CONSECUTIVE_FAILURES = 2;

/** Refusals in a row after which a source is dropped. */
export const MAX_CONSECUTIVE_REFUSALS = 8;

/** Refusals for want of credit in a row after which the grant is replaced by a fresh one. */
export const MAX_CREDIT_REFUSALS = 3;

/** Pause of a source after a passing refusal; it doubles with every further one. */
export const REFUSAL_PAUSE_MS = 100;
export const MAX_REFUSAL_PAUSE_MS = 2_000;

/** A source that sends nothing for this long is stalled and dropped. */
export const STALL_TIMEOUT_MS = 8_000;

/** A source that was asked this long ago and is still silent when the fetch is complete is reported as stalled. */
export const SUSPICIOUS_SILENCE_MS = 1_000;

/** A fetch to which no source has sent anything for this long, all grants and pauses included, is given up. */
export const STARVED_TIMEOUT_MS = 30_000;

/** Times that all sources are asked again for a block that none of them had, and the pause before the first. */
export const MAX_MISSING_ROUNDS = 6;
export const MISSING_ROUND_PAUSE_MS = 200;

/** Time for a connection to an edge or the marketplace. */
export const CONNECT_TIMEOUT_MS = 3_000;

/** Longest JSON answer that is read. */
export const MAX_JSON_BYTES = 4 * MIB;

/** Time for an answer of the marketplace or of a lookup. */
export const CALL_TIMEOUT_MS = 15_000;

/** Time for delivering the last receipts of a fetch to one node or to the coordinator. */
export const RECEIPT_TIMEOUT_MS = 5_000;

/** Attempts of a call that may safely be repeated, and the pause before the second. */
export const MAX_CALL_ATTEMPTS = 3;
export const CALL_RETRY_DELAY_MS = 200;

/** The engine looks at clocks and stalled blocks this often. */
export const TICK_MS = 50;

/** A grant is left for the next epoch's this long before its end, at most this share of an epoch. */
export const EPOCH_SWITCH_MARGIN_MS = 250;
export const EPOCH_SWITCH_SHARE = 0.02;

/** Grants of the next epoch are asked for in the last part of the current one. */
export const RENEWAL_SHARE = 0.15;
export const MIN_RENEWAL_MS = 1_500;

/** A session in which nothing is wanted for so long asks for no further grants: its viewer has paused. */
export const GRANTS_REST_MS = 2_000;

/** Cap of the first grants of a fetch; each further one may be so many times what was used, up to a limit. */
export const FIRST_CAP_BYTES = 4n * 1024n * 1024n;
export const CAP_GROWTH = 4n;
export const MAX_CAP_BYTES = 128n * 1024n * 1024n;

/** A further grant is asked for when less than this is left under the current one. */
export const LOW_CAP_BYTES = 8 * MIB;

/** Deals of one content that a viewer asks for grants, one after the other, until one serves. */
export const MAX_TRIED_DEALS = 4;

/** Rounds of asking the coordinator for other nodes when none is left. */
export const MAX_SOURCE_ROUNDS = 5;

/** Pause before such a round; it doubles with every further one. */
export const SOURCE_ROUND_DELAY_MS = 250;

/** Depth of a file's or directory's DAG. */
export const MAX_DAG_DEPTH = 32;

/** Links of one node. A block of 2 MiB cannot hold many more. */
export const MAX_LINKS_PER_NODE = 50_000;

/** Parts of a path inside a directory, and the length of the whole. */
export const MAX_PATH_SEGMENTS = 64;
export const MAX_PATH_LENGTH = 4_096;

/** Blocks of directories read while a path is resolved. */
export const MAX_PATH_BLOCKS = 4_096;

/** Rate and time left are told from the bytes of this long. */
export const PROGRESS_WINDOW_MS = 3_000;

/** Evidence of bad blocks kept in a result. */
export const MAX_BAD_BLOCKS = 256;

/** Provider records read from one lookup. */
export const MAX_PROVIDERS = 64;

/** Edges asked for a lookup before the download goes on without one: the next after so long without an answer … */
export const MAX_LOOKUP_EDGES = 3;
export const LOOKUP_HEDGE_MS = 300;

/** … and each is silent for so long at most. */
export const LOOKUP_TIMEOUT_MS = 3_000;
