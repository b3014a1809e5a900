/** Limits of dialling back (SPEC.md). */

/** Endpoints of a node in the registry. */
export const MAX_ENDPOINTS = 8;
/** Longest endpoint in the registry, bytes. */
export const MAX_ENDPOINT_BYTES = 128;
/** Longest text of an address: IPv6. */
export const MAX_ADDRESS_BYTES = 45;
/** A request is its version. */
export const MAX_REQUEST_BYTES = 1;
/** Outcome, address, and each endpoint with its length, result and time. */
export const MAX_ANSWER_BYTES = 2 + MAX_ADDRESS_BYTES + 1 + MAX_ENDPOINTS * (MAX_ENDPOINT_BYTES + 4);

/** One endpoint must have answered after so long. */
export const DIAL_TIMEOUT_MS = 3_000;
/** What an endpoint answers over HTTP is read up to here. */
export const MAX_STATUS_BYTES = 65_536;
/** Who asked waits so long for the answer: every endpoint is tried, one after the other. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** Requests that are worked on at once; more are refused. */
export const MAX_REQUESTS_AT_ONCE = 4;

/** Requests of one node: so many at once, then one in so many seconds. */
export const REQUESTS_BURST = 3;
export const REQUEST_EVERY_SECONDS = 20;
/** Requests of all nodes together: so many at once, then so many a second. */
export const TOTAL_BURST = 16;
export const TOTAL_PER_SECOND = 1;
/** Nodes whose requests are counted; the least recent is forgotten. */
export const MAX_ASKERS = 4_096;
