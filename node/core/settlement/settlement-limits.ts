/** Named limits of settling (PAYMENT.md, on chain). */

/** Time after an epoch's end in which late receipts still come in before the epoch is closed. */
export const EPOCH_GRACE_MS = 1_000;

/** Longest pause, in epochs, after which a deal's coordinator is asked again whether viewers handed it receipts. */
export const RECHECK_EPOCHS = 10;

/** Pages of receipts from viewers that are taken from the coordinator with one voucher; more follow with the next. */
export const MAX_BETTER_ROUNDS = 8;

/** Vouchers redeemed in one transaction: one transaction must stay well below a block's gas. */
export const MAX_VOUCHERS_PER_BATCH = 32;

/** Receipts in one direct claim: each costs two signature recoveries and its calldata. */
export const MAX_RECEIPTS_PER_DIRECT_CLAIM = 256;

/** What routes cost, for weighing them before asking the chain; the figures of contracts/GAS.md, rounded up. */
export const VOUCHER_GAS = 60_000n;
export const DIRECT_CLAIM_BASE_GAS = 55_000n;
export const DIRECT_CLAIM_RECEIPT_GAS = 12_500n;
/** Commitment, the first of an allocation. */
export const CLAIM_COMMIT_GAS = 100_000n;
export const CLAIM_OPEN_BASE_GAS = 100_000n;
/** Each sample of an opening: a receipt, its path, two recoveries. */
export const CLAIM_OPEN_SAMPLE_GAS = 18_000n;

/**
 * Blocks before the end of a claim's window in which gas is no longer a reason to wait: some 13 minutes at 12 s, enough
 * for a transaction to be replaced several times. Where the window is short, half of it.
 */
export const CLAIM_URGENT_BLOCKS = 64;
