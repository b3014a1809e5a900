/** Named limits of the payment and content protocols (PAYMENT.md, DELIVERY.md). Units are in the names. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes in one GiB: prices are quoted in wei for this many delivered bytes. */
export const GIB_BYTES = 1024n * 1024n * 1024n;

/** Default leaf size of a download's DAG. */
export const DOWNLOAD_CHUNK_BYTES = MIB;

/** Largest block accepted from anybody. IPFS clients exchange blocks of at most 2 MiB. */
export const MAX_BLOCK_BYTES = 2 * MIB;

/** Longest CID in its text form that is parsed at all. */
export const MAX_CID_TEXT_LENGTH = 128;

/** Largest CAR of a slice of a content that is uploaded piece by piece. */
export const MAX_UPLOAD_SLICE_BYTES = 8 * MIB;

/** Missing blocks that a node names at once when it is asked how far an upload came. */
export const MAX_MISSING_LISTED = 1_024;

/** Credit window of a fresh grant (PAYMENT.md, off-chain credit). */
export const INITIAL_CREDIT_BYTES = 64 * KIB;

/** Largest credit window: the most a node can lose under one grant, beside one block in flight. */
export const MAX_CREDIT_BYTES = MIB;

/** What a dag-pb leaf or an inner node adds to the bytes that it carries. */
export const BLOCK_FRAMING_BYTES = 16 * KIB;

/** Largest block that is served before anything was receipted: the most that one grant can cost a node (SPEC.md, credit). */
export const MAX_SERVED_BLOCK_BYTES = MAX_CREDIT_BYTES + BLOCK_FRAMING_BYTES;

/** The window grows by this fraction with every receipt that advances. */
export const CREDIT_GROWTH_NUMERATOR = 3;
export const CREDIT_GROWTH_DENOMINATOR = 2;

/** Default bound of unreceipted bytes over all grants of one deal; beyond it new grants are refused. */
export const MAX_UNRECEIPTED_BYTES_PER_DEAL = 1024 * MIB;

/** A receipt counts as earned only when it is on disk: batches wait no longer than this … */
export const JOURNAL_MAX_DELAY_MS = 250;

/** … and hold no more receipts than this. */
export const JOURNAL_MAX_BATCH_RECEIPTS = 256;

/** Bytes that a client without a grant may fetch from one address in a minute (operator's choice). */
export const DEFAULT_FREE_BYTES_PER_MINUTE = MIB;

/** Most signed receipts in one delivery to a node or to the coordinator. */
export const MAX_RECEIPTS_PER_REQUEST = 1024;

/** Receipts of an ended epoch are taken by the coordinator this long after its end, rounded up to whole epochs. */
export const LATE_RECEIPT_SECONDS = 600;

/** Largest value of the integer types that appear in signed messages. */
export const MAX_UINT32 = 0xffff_ffff;
export const MAX_UINT64 = (1n << 64n) - 1n;
export const MAX_UINT128 = (1n << 128n) - 1n;
