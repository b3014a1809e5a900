/** Named limits of serving for grants (SPEC.md beside this file). Units are in the names. */

/** Grants remembered at once, over all deals. About 600 bytes each. */
export const MAX_LIVE_GRANTS = 50_000;

/** Grants remembered at once for one deal, so that one publisher cannot crowd out the others. */
export const MAX_LIVE_GRANTS_PER_DEAL = 20_000;

/**
 * Bytes that a peer serves of one deal beyond what the last posted root covers: its risk until the next one (PAYMENT.md,
 * parties and flow).
 */
export const MAX_UNPAID_PEER_BYTES = 16 * 1024 ** 3;

/** Clocks of viewers, coordinator and chain may differ by this much around the turn of an epoch. */
export const DEFAULT_EPOCH_SKEW_SECONDS = 2;

/** The skew is never more than this share of an epoch, for chains whose epochs last seconds. */
export const MAX_EPOCH_SKEW_SHARE = 0.1;

/** Client addresses whose free allowance is remembered at once. */
export const MAX_FREE_CLIENTS = 20_000;
