/** Named limits of pulling content from a publisher's origin (SPEC.md). Units are in the names. */

const MIB = 1024 * 1024;

/** Adjacent leaves that one request asks for, when blocks are asked for in order … */
export const MAX_RUN_BYTES = 8 * MIB;
/** … and when somebody asks for a block in the middle: it may be the only one. */
export const FIRST_RUN_BYTES = 2 * MIB;
/** Leaves of one run, where leaves are small. */
export const MAX_RUN_LEAVES = 256;
/** How far behind a leaf that is asked for in order the next run begins at the latest. */
export const READ_AHEAD_BYTES = 8 * MIB;

/** Leaves of one file: 512 GiB of leaves of 1 MiB; 50 bytes of memory each. */
export const MAX_FILE_LEAVES = 524_288;
/** Leaves of all files whose layout is kept in memory: about 50 MiB. */
export const MAX_KEPT_LEAVES = 1_048_576;
/** Nodes between the root of a file and its leaves: a balanced DAG of an exabyte needs seven. */
export const MAX_LAYOUT_DEPTH = 32;

/** Requests to one host at once … */
export const MAX_REQUESTS_PER_HOST = 6;
/** … and runs that wait for their turn there. */
export const MAX_WAITING_PER_HOST = 64;
/** Redirects that are followed for one request. */
export const MAX_REDIRECTS = 3;

/** Resolving and connecting, TLS included. */
export const ORIGIN_CONNECT_TIMEOUT_MS = 5_000;
/** From the request to the headers of the answer. */
export const ORIGIN_HEADERS_TIMEOUT_MS = 8_000;
/** Silence within an answer. */
export const ORIGIN_STALL_TIMEOUT_MS = 8_000;
/** An answer slower than this on the whole is ended: 1 MiB in 16 s. */
export const MIN_ORIGIN_BYTES_PER_SECOND = 64 * 1024;
/** Headers of an answer of an origin. */
export const MAX_ORIGIN_HEADER_BYTES = 16 * 1024;

/** Failures in a row after which an origin rests … */
export const FAULTS_BEFORE_REST = 3;
/** … at first for so long, then ever longer … */
export const FIRST_REST_MS = 1_000;
/** … up to this. What the origin asks for with Retry-After is kept within it too. */
export const MAX_REST_MS = 300_000;
/** Rest of an origin whose bytes are not those of the content: it will not change by itself soon. */
export const FIRST_REST_AFTER_WRONG_MS = 15_000;
/** Hosts and URLs whose failures are remembered. */
export const MAX_REMEMBERED_ORIGINS = 10_000;
