/** Named limits of the delivery desk. Units are in the names. */

/** Signed grants whose signer was recovered already, with the newest receipt of each: about a KiB each. */
export const MAX_KNOWN_GRANTS = 20_000;
