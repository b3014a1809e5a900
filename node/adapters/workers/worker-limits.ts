/** Named limits of worker processes (SPEC.md beside this file). Units are in the names. */

/** Worker processes of one node. */
export const MAX_WORKERS = 64;
/** One frame between worker and node; the largest holds a thousand receipts. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Messages in one frame: what came up in one turn of the event loop, cut here. */
export const MAX_FRAME_MESSAGES = 512;
/** Questions that one side may leave unanswered: more than requests that a worker can have under way. */
export const MAX_OPEN_QUESTIONS = 16_384;
/** Reservations that a worker may hold open: one for each request under way. */
export const MAX_OPEN_LEAVES = 16_384;
/** Longest text of a client's address. */
export const MAX_CLIENT_LETTERS = 64;
/** Longest text of an error that crosses a process. */
export const MAX_ERROR_LETTERS = 2_000;
/** Values of an error that cross a process. */
export const MAX_ERROR_VALUES = 16;

/** A worker that has begun is ready in this time, or is ended and begun again. */
export const WORKER_READY_MS = 30_000;
/** Pause before a worker that died is begun again; doubled up to the longest while it dies again … */
export const FIRST_RESTART_MS = 100;
export const LONGEST_RESTART_MS = 10_000;
/** … and the first again when it has lived so long. */
export const HEALTHY_WORKER_MS = 30_000;
/** A worker that was told to drain and has not ended this long after the drain is killed. */
export const WORKER_END_MS = 2_000;
/** Connections that wait for a worker while none is ready. */
export const MAX_WAITING_CONNECTIONS = 1_024;
/** How often a worker tells what it read, which blocks were asked for, and what it counted. */
export const REPORT_INTERVAL_MS = 250;
/** Blocks asked for that one report names; of more, the eviction does not hear. */
export const MAX_TOUCHED_PER_REPORT = 4_096;
/** Digests in one message about blocks that workers are to forget. */
export const MAX_FORGOTTEN_PER_MESSAGE = 4_096;
/** A worker that does not say in this time that it has forgotten blocks is ended: it might serve them. */
export const FORGET_TIMEOUT_MS = 5_000;
/** A worker answers a question about its counters in this time, or what it told last counts. */
export const COUNTERS_TIMEOUT_MS = 1_000;
/** Connections whose end one message may tell: more than a node takes at once. */
export const MAX_ENDED_PER_MESSAGE = 1_000_000;
/** How often a worker tells what it has counted, so that little is forgotten if it dies. */
export const COUNTERS_INTERVAL_MS = 1_000;
