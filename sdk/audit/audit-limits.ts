/** Bounds of everything that an audit reads, keeps or waits for (SPEC.md). */

const KIB = 1024;

/** Longest line of an audit file; a page of 1,024 receipts takes 390 KB of it. */
export const MAX_LINE_BYTES = 1024 * KIB;
/** Receipts of one audit: 64 bytes of memory each. */
export const MAX_AUDITED_RECEIPTS = 16_777_216;
/** Events on one line, and in one answer of the marketplace. */
export const MAX_EVENTS_PER_PAGE = 500;
/** Peers and rates on one line, and in one answer of the marketplace. */
export const MAX_PEERS_PER_PAGE = 500;
/** Peers and rates of one deal that are kept in memory. */
export const MAX_PEER_METERS = 1_000_000;
/** Events of one deal that are kept in memory. */
export const MAX_EVENTS = 1_000_000;
/** Receipts that do not count which the report lists one by one; all of them are counted, and `--rejected` writes all. */
export const MAX_LISTED_RECEIPTS = 1_000;
/** Receipts between two words on how far the audit is. */
export const RECEIPTS_PER_PROGRESS = 50_000;
/** Blocks of one question for events. */
export const MAX_BLOCKS_PER_QUESTION = 5_000;
/** How long a signed authorisation to download is good; a new one is signed for each call. */
export const AUTHORISATION_SECONDS = 120;
/** Verifying workers at most. */
export const MAX_WORKERS = 64;
/** Pages that wait for a worker, for each of them. */
export const MAX_PAGES_PER_WORKER = 4;
