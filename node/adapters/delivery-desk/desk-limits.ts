/** Named limits of the delivery desk. Units are in the names. */

/** Signed grants whose signer was recovered already, with the newest receipt of each: about a KiB each. */
export const MAX_KNOWN_GRANTS = 20_000;

/** Receipts that wait for the thread beside: 0.3 s of its work. More are checked where they came in. */
export const MAX_RECEIPTS_BESIDE = 4_096;
