/** Named limits of notices (SPEC.md beside this file). Units are in the names. */

/** Takedowns that a node keeps; beyond it new ones are refused. */
export const MAX_TAKEDOWNS = 100_000;
/** Purges and tags that a node remembers until they have aged, so that they count once. */
export const MAX_AGEING_NOTICES = 100_000;
/** Good notices of one publisher at once, and each second after that. */
export const PUBLISHER_NOTICES = { burst: 64, perSecond: 1, maxPurposes: 10_000 } as const;
/** Deals that are looked up on chain for notices in vain: anybody can name deals that do not exist. */
export const UNKNOWN_DEALS = { burst: 64, perSecond: 4, maxPurposes: 1 } as const;
/** Deals of others that notices named and that are remembered. */
export const MAX_NOTED_DEALS = 10_000;
/** Notices whose effect is under way or waits. */
export const MAX_WAITING_NOTICES = 4_096;
/** Takedowns that one node tells another that asks. */
export const MAX_LISTED_TAKEDOWNS = 1_000;
