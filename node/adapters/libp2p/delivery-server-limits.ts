/** Named limits of serving blocks over libp2p streams. Units are in the names. */

/** Streams of all clients together: a silent one holds a few KiB, a slow one a piece of 96 KiB twice. */
export const MAX_DELIVERY_STREAMS = 512;
/** Blocks are handed to the connection in slices of this size, so that an early end is known to this accuracy. */
export const SLICE_BYTES = 256 * 1_024;
/** So much of a block is copied behind the head of its answer: small blocks leave whole, and no head leaves alone. */
export const FIRST_SLICE_BYTES = 16 * 1_024;
/** A client takes each slice in this time (8.7 kB/s), or its stream is ended; as over HTTP. */
export const SLICE_TIMEOUT_MS = 30_000;
