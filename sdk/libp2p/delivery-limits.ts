import { SIGNED_RECEIPT_BYTES } from '../protocol/receipt.ts';
import { MAX_RECEIPTS_PER_REQUEST, MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';

/** Named limits of delivery over libp2p streams (SPEC.md beside this file). Units are in the names. */

/** Grants that one stream knows by a number. */
export const MAX_LANES = 64;
/** Requests of one stream without an answer. */
export const MAX_REQUESTS_IN_FLIGHT = 16;
/** Grants and receipts of one stream that wait to be looked at. */
export const MAX_WAITING_PAPERS = 128;
/** Streams of this protocol on one connection. */
export const MAX_STREAMS_PER_CONNECTION = 16;
/** Bytes of a CID: version, codec, sha2-256. */
export const MAX_CID_BYTES = 64;
/** JSON of a refusal. */
export const MAX_REFUSAL_BYTES = 16 * 1_024;
/** What stands before the block in an answer: kind, request, standing. */
export const BLOCK_ANSWER_HEAD_BYTES = 1 + 4 + 24;

/** Longest message of a client: final receipts. */
export const MAX_REQUEST_MESSAGE_BYTES = 1 + 4 + MAX_RECEIPTS_PER_REQUEST * SIGNED_RECEIPT_BYTES;
/** Longest message of a node: a block. */
export const MAX_ANSWER_MESSAGE_BYTES = BLOCK_ANSWER_HEAD_BYTES + MAX_SERVED_BLOCK_BYTES;

/** A connection to a node, and a stream on it, are there after so long. */
export const STREAM_OPEN_TIMEOUT_MS = 5_000;
/** A stream on which nothing was asked for so long is closed. */
export const IDLE_STREAM_MS = 65_000;
