/** Bounds of everything the marketplace queues, loops over, accepts or waits for (see coordinator/SPEC.md). */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

// API
export const MAX_BODY_BYTES = 1 * MIB;
/** Of a path, letters: the longest is a CID. */
export const MAX_PATH_PARAMETER_LENGTH = 128;
export const MAX_PAGE_ROWS = 100;
export const DEFAULT_PAGE_ROWS = 50;
/** Deals of one operator that its totals are added up over. */
export const MAX_EARNING_DEALS = 10_000;
export const REQUEST_TIMEOUT_MS = 30 * SECOND_MS;
export const HEADERS_TIMEOUT_MS = 10 * SECOND_MS;
/** Between two looks at which requests are late. */
export const CONNECTION_CHECK_INTERVAL_MS = 5 * SECOND_MS;
export const MAX_CONNECTIONS = 4096;
export const SHUTDOWN_TIMEOUT_MS = 5 * SECOND_MS;
/** Requests of one network address: sustained rate and burst. */
export const ADDRESS_REQUESTS_PER_SECOND = 200;
export const ADDRESS_REQUEST_BURST = 2000;
/** Calls of one network address by what they cost: sustained a second, and at once. */
export const CALL_RATES = {
  ordinary: { perSecond: 200, burst: 2000 },
  expensive: { perSecond: 20, burst: 200 },
  books: { perSecond: 100, burst: 2000 },
  coordinator: { perSecond: 200, burst: 2000 },
  /** Stored for each caller until a deal names them: 8,840 a day of a network, an eleventh of MAX_UNUSED_KEY_PAIRS. */
  keys: { perSecond: 0.1, burst: 200 },
  development: { perSecond: 50, burst: 500 },
} as const;
/** Addresses and keys that a rate limiter remembers. */
export const MAX_RATE_BUCKETS = 50_000;

// Development chains
/** Ether of one gift, wei: gas of thousands of calls. */
export const FAUCET_ETHER_WEI = 10n ** 18n;
/** Tokens of one gift, wei. */
export const FAUCET_TOKENS_WEI = 1_000n * 10n ** 18n;
export const MAX_FAUCET_GIFTS_PER_ADDRESS = 3;
/** Gifts of one process, to all addresses. */
export const MAX_FAUCET_GIFTS = 500;
/** Calls of one JSON-RPC batch. */
export const MAX_DEVELOPMENT_RPC_BATCH = 32;
export const MAX_DEVELOPMENT_RPC_RESPONSE_BYTES = 8 * MIB;

// PostgreSQL
export const MAX_DATABASE_URL_CHARACTERS = 2048;
export const MAX_DATABASE_READERS = 6;
export const DATABASE_CONNECT_TIMEOUT_MS = 5 * SECOND_MS;
/** A statement that runs longer is ended by the server. */
export const DATABASE_STATEMENT_TIMEOUT_MS = 20 * SECOND_MS;
/** Silence of a server that should have ended the statement by itself: the connection is given up. */
export const DATABASE_SILENCE_TIMEOUT_MS = 25 * SECOND_MS;
/** A transaction in which nothing is asked for so long is ended by the server. */
export const DATABASE_IDLE_TRANSACTION_TIMEOUT_MS = 30 * SECOND_MS;
/** How long a marketplace waits for another to let go of the database: the server notices late that one was killed. */
export const DATABASE_LOCK_WAIT_MS = 10 * SECOND_MS;
/** Rows that one statement of copy-database carries: with 16 columns each within the 65,535 values of a statement. */
export const COPIED_ROWS_PER_STATEMENT = 200;
/** Between two tries to connect, the first and the longest pause. */
export const DATABASE_FIRST_RECONNECT_DELAY_MS = 100;
export const DATABASE_MAX_RECONNECT_DELAY_MS = 5 * SECOND_MS;

// Indexer
export const POLL_INTERVAL_MS = 500;
export const MAX_BLOCKS_PER_RANGE = 500;
/** Blocks below the head whose hash is stored one by one; older ranges keep the hash of their end only. */
export const DENSE_HEADER_DEPTH = 128;
/** Blocks that can be rolled back row by row; a deeper reorganisation indexes again from the deployment. */
export const MAX_ROLLBACK_BLOCKS = 4096;
export const RPC_TIMEOUT_MS = 10 * SECOND_MS;
export const MAX_RPC_RESPONSE_BYTES = 64 * MIB;
export const MAX_RECONNECT_DELAY_MS = 5 * SECOND_MS;
/** Silence of the chain after which nothing that depends on its time is signed any more. */
export const MAX_CHAIN_SILENCE_MS = 60 * SECOND_MS;
/** Difference between the wall clock and the chain that is accepted outside development chains. */
export const MAX_CLOCK_DRIFT_SECONDS = 120;

// Coordinator
export const CHALLENGE_LIFETIME_SECONDS = 120;
/** Used challenges are remembered for so long after they expired: a clock that was ahead makes none good again. */
export const USED_CHALLENGES_KEPT_SECONDS = 3600;
export const MAX_UNUSED_KEY_PAIRS = 100_000;
/** When there are that many, those that no deal has named for so long make room: an opening takes minutes. */
export const UNUSED_KEYS_KEPT_SECONDS = 24 * 3600;
export const DEFAULT_GRANT_CAP_BYTES = 64 * MIB;
export const MAX_GRANT_CAP_BYTES = 1024 * MIB;
/** A share of what is left that is below this is not worth a request: such a grant takes more of it. */
export const SMALL_GRANT_BYTES = 16 * MIB;
/** Share of what an allocation has left that one grant may take, so that later viewers find some too. */
export const GRANT_SHARE_OF_ALLOCATION = 4n;
export const MAX_NODES_PER_REQUEST = 16;
export const DEFAULT_NODES_PER_REQUEST = 6;
export const MAX_GRANTS_PER_VIEWER_NODE_EPOCH = 256;
/** Grant requests of one viewer key: sustained rate and burst. */
export const VIEWER_GRANT_REQUESTS_PER_SECOND = 2;
export const VIEWER_GRANT_REQUEST_BURST = 60;
/** Receipts in one request are bounded by MAX_RECEIPTS_PER_REQUEST of the protocol; this is their base64url text. */
export const MAX_RECEIPTS_TEXT_LENGTH = 400_000;
export const MAX_BETTER_PAIRS = 512;
/** Rows of one page of a deal's books; receipts are encoded in 382 letters each. */
export const MAX_BOOKS_RECEIPTS = 1024;
export const MAX_BOOKS_EVENTS = 500;
export const MAX_BOOKS_VOUCHERS = 1024;
export const MAX_BOOKS_PEERS = 500;
/** How far ahead the expiry of a signed request for books, or of a settlement, may lie. */
export const MAX_BOOKS_REQUEST_SECONDS = 600;
export const MAX_SETTLEMENT_REQUEST_SECONDS = 600;
/** How far in the future an audience message may be issued: no later one could take its place before that. */
export const MAX_AUDIENCE_AHEAD_SECONDS = 120;
/** How far in the future a message about an origin may be issued: no later one could take its place before that. */
export const MAX_ORIGIN_AHEAD_SECONDS = 120;
export const MAX_CANDIDATE_DEALS = 16;
/** Last part of an epoch in which grants for the next one are issued: a fifth, but at least two seconds. */
export const NEXT_EPOCH_SHARE = 0.2;
export const NEXT_EPOCH_MIN_SECONDS = 2;

// Peers
/** Peers offered to a viewer beside the edges, if it does not say how many. */
export const DEFAULT_PEERS_PER_REQUEST = 2;
/** Holders of a content that are looked at for one request, those first that were not offered for long. */
export const MAX_PEER_CANDIDATES = 32;
/** Contents that one peer can announce at a time. */
export const MAX_HOLDINGS_PER_PEER = 4096;
/** Roots are signed when so much was earned since the last one … */
export const PEER_ROOT_THRESHOLD_WEI = 10n ** 18n;
/** … or anything, and so long ago; never before the contract takes the next root. */
export const PEER_ROOT_INTERVAL_SECONDS = 24 * 3600;
/** Trees of signed roots kept in memory for proofs. */
export const MAX_CACHED_PEER_TREES = 16;
/** Deals whose roots this coordinator posts itself in one round. */
export const MAX_POSTED_DEALS = 1000;
export const PEER_ROOT_POLL_MS = 2 * SECOND_MS;

// Domains and carriage between them
/** Edges that lend their uplink and are looked at for one request. */
export const MAX_CARRIER_CANDIDATES = 64;
/** Of these so many are probed, the nearest to the viewer first, and one is granted. */
export const MAX_PROBED_CARRIERS = 4;
/** Edges that fetch a deal's blocks from one edge of the tree (SOURCES.md [004], trees rooted at edges). */
export const CARRIAGE_FAN_OUT = 8;
/** Edges of one tree: deeper than 8 + 64 + 512 no viewer waits. */
export const MAX_TREE_EDGES = 585;
/** Accounts of one deal that an answer lists. */
export const MAX_LISTED_DOMAINS = 1000;

// Health probes
export const PROBE_INTERVAL_MS = 2 * SECOND_MS;
export const PROBE_TIMEOUT_MS = 1500;
/** Probes in a row without answer after which a node that answered before counts as down. */
export const MAX_PROBE_SILENCES = 3;
export const MAX_PROBED_NODES = 2000;
export const MAX_PARALLEL_PROBES = 16;

// Statistics
export const SAMPLE_INTERVAL_MS = 60 * SECOND_MS;
/** Wait between two looks at whether the index is level with the chain. */
export const SAMPLE_RETRY_MS = SECOND_MS;
/** Samples older than a day are kept one an hour, older than 30 days one a day, for ten years. */
export const SAMPLE_THINNING = {
  hourlyAfterSeconds: 24 * 3600,
  dailyAfterSeconds: 30 * 24 * 3600,
  forgottenAfterSeconds: 3650 * 24 * 3600,
} as const;
/** What the market is like is added up once in so long, however many ask. */
export const SNAPSHOT_LIFETIME_MS = 2 * SECOND_MS;
/** Deliveries by minute: for the map, the load of nodes and the latest of a deal. */
export const DELIVERY_MINUTES_KEPT_SECONDS = 25 * 3600;
export const MAX_MAPPED_NODES = 10_000;
export const MAX_STATISTICS_HOURS = 87_600;
export const DEFAULT_STATISTICS_HOURS = 24;
export const MAX_STATISTICS_POINTS = 1_000;
export const DEFAULT_STATISTICS_POINTS = 240;

// Pages of a deal
export const MAX_DELIVERY_EPOCHS = 1_000;
export const DEFAULT_DELIVERY_EPOCHS = 48;
/** Minutes, by node and region of the viewers, that an answer lists. */
export const MAX_LATEST_DELIVERIES = 50;
/** What a node said about a content is good for so long. */
export const HOLDING_ANSWER_LIFETIME_MS = 5 * SECOND_MS;
export const MAX_REMEMBERED_HOLDINGS = 5_000;
/** What took long to add up is good for so many times as long, and no less than a second. */
export const SLOW_ANSWER_LIFETIME_TIMES = 20;
export const MIN_SLOW_ANSWER_LIFETIME_MS = SECOND_MS;
export const MAX_SLOW_ANSWERS = 500;

// Explorer
/** Letters of a deal, a node and an epoch, and some more. */
export const MAX_SEARCH_LENGTH = 160;
export const MAX_SEARCH_RESULTS = 10;
export const MAX_TRANSACTION_EVENTS = 500;

// Capacities
export const CAPACITY_INTERVAL_MS = 30 * SECOND_MS;
/** What a node said longer ago is not known any more. */
export const CAPACITY_LIFETIME_MS = 120 * SECOND_MS;
export const MAX_STATUS_BYTES = 64 * KIB;

// Quotes
/** Deliveries of so long ago count as the load of a node. */
export const LOAD_WINDOW_SECONDS = 300;
/** Grants of so long ago tell how fast a node delivers. */
export const RATE_WINDOW_SECONDS = 24 * 3600;
/** Smaller receipts tell how long a grant lasted rather than how fast the node is. */
export const MIN_RATE_SAMPLE_BYTES = 1 * MIB;
export const MAX_RATE_SAMPLES = 200;
export const MAX_REPLICAS = 64;
export const MAX_QUOTE_BYTES = 2 ** 50;
export const MAX_QUOTE_REGIONS = 32;
export const MAX_PLANNED_NODES = 10_000;
/** A node may serve this many times its even share of the expected delivery before its allocation is spent. */
export const ALLOCATION_SHARES = 3n;
/** What an allocation covers beside that, so that grants of short-lived epochs find room; unused, it returns. */
export const ALLOCATION_HEADROOM_BYTES = BigInt(256 * MIB);
