const KIB = 1024;
const MIB = 1024 * KIB;

/** Verified blocks kept for what is asked again: a browser asks for overlapping ranges and breaks most of them off. */
export const MAX_SHELVED_BYTES = 16 * MIB;

/** Inner nodes of files and directories kept beside them: about one in 20,000 bytes of a content. */
export const MAX_SHELVED_NODES = 2_048;

/** Bytes of one stream that are fetched before they are read: a few seconds of video, and little to throw away. */
export const READ_AHEAD_BYTES = 6 * MIB;

/** A stream from the worker to the page holds so many bytes on its way. */
export const LINK_CREDIT_BYTES = 4 * MIB;

/** A view in which nothing was asked for so long delivers its receipts … */
export const SETTLE_AFTER_MS = 750;

/** … and ends its session after so long; the next request opens another. */
export const IDLE_SESSION_MS = 20_000;

/** Receipts that no node is known to have are written down this often. */
export const OWED_INTERVAL_MS = 1_000;

/** Receipts of a page that is gone are handed to the coordinator within so long, or given up: its epochs are closed then. */
export const MAX_OWED_AGE_MS = 3 * 24 * 60 * 60 * 1_000;
export const MAX_OWED_ENTRIES = 64;

/**
 * Receipts that a page hands over while it is being closed, the newest: browsers let 64 KiB outlive a page, and one with its
 * grant takes about 400 bytes there.
 */
export const MAX_LEAVING_RECEIPTS = 128;

/** How a view does is told to the page this often. */
export const REPORT_INTERVAL_MS = 250;

/** After nodes could not be had, the origin is used for so long before they are tried again. */
export const NODES_RETRY_MS = 15_000;

/** Where an origin stands ready, nodes are looked for so many times before it is asked. */
export const SOURCE_ROUNDS_WITH_ORIGIN = 2;

/** Layout of a file that is kept so that bytes of its origin can be verified: leaves, and inner nodes read for it. */
export const MAX_LAYOUT_LEAVES = 65_536;
export const MAX_LAYOUT_NODES = 128;

/** Silence of an origin after which it counts as away. */
export const ORIGIN_STALL_MS = 8_000;

/** Bytes that one request of an unverified origin brings. */
export const UNVERIFIED_PIECE_BYTES = MIB;

/** Entries of a directory that are listed. */
export const MAX_LISTED_ENTRIES = 10_000;

/** A session key of a service worker is used for so long: an admission is good for a day as well. */
export const SESSION_KEY_LIFETIME_MS = 24 * 60 * 60 * 1_000;

/** Files of forms that cannot be streamed are held whole up to this size. */
export const MAX_BLOB_BYTES = 64 * MIB;

/** Text is shown up to this size. */
export const MAX_TEXT_BYTES = MIB;

/** Start of a file that its form is told from; a header that is longer is read up to the second limit. */
export const PROBE_BYTES = 64 * KIB;
export const MAX_HEADER_BYTES = 8 * MIB;

/** Index of a file by time, read for seeking. */
export const MAX_INDEX_BYTES = 4 * MIB;

/** Video is kept in the element this far ahead of and behind the position, seconds … */
export const BUFFER_AHEAD_SECONDS = 30;
export const BUFFER_BEHIND_SECONDS = 10;

/** … and appended in pieces of at most so many bytes. */
export const APPEND_BYTES = 512 * KIB;

/** A worker that has not answered for so long does not start: the page verifies by itself then. */
export const WORKER_START_MS = 10_000;

/** A viewer's key (PAYMENT.md, messages). */
export const PRIVATE_KEY_BYTES = 32;

/** Contents that a service worker has open at a time. */
export const MAX_OPEN_VIEWS = 8;
