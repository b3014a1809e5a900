/** Named limits of the HTTP gateway. Units are in the names. */

/** All headers of a request together; a grant and a receipt take under 500 bytes. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** A client sends its headers in this time … */
export const HEADERS_TIMEOUT_MS = 10_000;
/** … and a kept connection may be silent this long. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Connections at once. @default for the option of the same name */
export const DEFAULT_MAX_CONNECTIONS = 2_000;

/** Bodies are sent in pieces of this size, so that an early end is known to this accuracy. */
export const BODY_SLICE_BYTES = 256 * 1024;
/** Blocks that responses hold while clients take them may take this much memory together; beyond it … */
export const MAX_HELD_BLOCK_BYTES = 32 * 1024 * 1024;
/** … responses hold copies of this size instead: 1,000 slow clients take 94 MiB. */
export const BODY_PIECE_BYTES = 96 * 1024;
/** … or, without a copy, buffers that are not much larger: the store lends such for short spans. */
export const MAX_PIECE_BUFFER_BYTES = 128 * 1024;
/** CARs at once: each holds a whole block of at most 2 MiB. */
export const MAX_CARS = 128;
/** Smaller pieces wait for each other up to this sum, so that headers of parts need no packets of their own. */
export const BODY_HELD_BYTES = 8 * 1024;
/** A client takes each piece in this time (8.7 kB/s), or the connection is ended. */
export const BODY_SLICE_TIMEOUT_MS = 30_000;
/** A body that is no upload arrives in this time. */
export const SMALL_BODY_TIMEOUT_MS = 30_000;
/** An upload that brings nothing for this long is ended. */
export const UPLOAD_IDLE_TIMEOUT_MS = 30_000;

/** Paths whose end is remembered. */
export const MAX_RESOLVED_PATHS = 8_192;
/** Addresses whose answers are prepared; each takes about 2 KiB. */
export const MAX_PREPARED_ANSWERS = 4_096;
/** Entries of a directory that a listing shows, and the blocks that are read to find them. */
export const MAX_LISTED_ENTRIES = 2_000;
export const MAX_LISTED_NODES = 2_000;
/** How long a listing may be kept: its bytes depend on this program, not on the content alone. */
export const LISTING_SECONDS = 604_800;
/** Children of nodes of files whose places are remembered, all together, with about 300 bytes each. */
export const MAX_LAID_OUT_CHILDREN = 32_768;
/** Nodes between the root of a file and its leaves: a balanced DAG of an exabyte needs seven. */
export const MAX_FILE_DEPTH = 32;

/** Blocks of a CAR that are told apart, with at most 32 bytes each: 64 GiB of leaves of 256 KiB. */
export const MAX_CAR_BLOCKS_KNOWN = 262_144;
/** Links of a DAG that wait for their turn in a CAR; the block store takes no wider DAG either. */
export const MAX_CAR_WAITING = 100_000;

/** Requests that may wait on one connection for the answers before them (pipelining). */
export const MAX_PIPELINED_REQUESTS = 16;
/** How often connections that send their headers too slowly are looked for. */
export const CONNECTIONS_CHECK_INTERVAL_MS = 2_000;

/** Time for finding a missing block elsewhere before 404. */
export const FILL_TIMEOUT_MS = 10_000;
/** Missing blocks that are being looked for at once. */
export const MAX_FILLS = 256;
/** A block that nobody had is not looked for again for so long, unless contents change here … */
export const ABSENT_MS = 10_000;
/** … and for so long when a grant names its content, which is perhaps being filled. */
export const ABSENT_FROM_CONTENT_MS = 1_000;
/** A content that nobody provides is not looked up again for so long: others may announce it meanwhile. */
export const NO_PROVIDERS_MS = 1_000;
/** Searches for missing blocks in vain, for each content that grants name and for all clients without one; lookups in vain. */
export const FRUITLESS_SEARCHES = { burst: 64, perSecond: 16, maxPurposes: 1_024 } as const;
/** Time for a lookup in the ring. */
export const LOOKUP_TIMEOUT_MS = 5_000;
/** Largest CAR that may be uploaded; the disk quota is usually lower. */
export const MAX_UPLOAD_BYTES = 2 ** 40;
/** Uploads at once. */
export const MAX_UPLOADS = 8;
/** Upload authorisations are good for a day at most, so that a leaked one dies. */
export const MAX_UPLOAD_VALIDITY_SECONDS = 86_400;
/** Requests that a worker passes on at once: uploads, lookups, status. */
export const MAX_FORWARDED_REQUESTS = 256;
/** Texts of CIDs that are parsed already. */
export const MAX_PARSED_CIDS = 8_192;

/** Content named by its hash never changes: a little less than a year, as IPFS gateways answer. */
export const IMMUTABLE_SECONDS = 29_030_400;
