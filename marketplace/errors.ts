/** Every failure of the marketplace, listed once; a code is never reused for another meaning. */
export const MARKETPLACE_ERRORS = {
  // Requests
  INVALID_REQUEST: { status: 400, remedy: 'Correct the field that is named and send the request again.' },
  INVALID_CID: { status: 400, remedy: 'Give a CIDv1 with sha2-256, as printed by the publisher.' },
  INVALID_ADDRESS: { status: 400, remedy: 'Give 0x followed by 40 hexadecimal digits.' },
  ROUTE_NOT_FOUND: { status: 404, remedy: 'See /v1/openapi.json for the routes that exist.' },
  BODY_TOO_LARGE: {
    status: 413,
    remedy: 'Split the request into pages; see the limits in /v1/openapi.json.',
  },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, remedy: 'Send the body as application/json.' },
  HEADERS_TOO_LARGE: { status: 431, remedy: 'Send fewer or shorter headers: 16 KiB at most.' },
  REQUEST_TOO_SLOW: { status: 408, remedy: 'Send the request anew, all of it within the time limit.' },
  RATE_LIMITED: { status: 429, remedy: 'Wait for the number of seconds in the Retry-After header.' },
  INTERNAL: {
    status: 500,
    remedy: 'Try again; if it persists, report the request id to the operator of this marketplace.',
  },
  // Lookups
  NODE_NOT_FOUND: {
    status: 404,
    remedy: 'Check the address, or wait until the registration has been mined and indexed.',
  },
  DEAL_NOT_FOUND: {
    status: 404,
    remedy: 'Check the deal id, or wait until the deal has been mined and indexed.',
  },
  CONTENT_NOT_FOUND: { status: 404, remedy: 'No deal pays for this content; publish it first.' },
  TRANSACTION_NOT_FOUND: {
    status: 404,
    remedy:
      'Check the hash, or wait until it is mined and indexed; transactions of other contracts are not here.',
  },
  BATCH_NOT_FOUND: {
    status: 404,
    remedy:
      'Check deal, node and epoch; receipts are known when their node settles, or their viewer sends them.',
  },
  ALLOCATION_NOT_FOUND: {
    status: 404,
    remedy: 'The deal allocates nothing to this node; check both identifiers.',
  },
  // Settlements
  SETTLEMENT_REQUEST_EXPIRED: {
    status: 401,
    remedy:
      'Set the clock of this machine, and sign the request anew: it expires ten minutes ahead at the latest.',
  },
  SETTLEMENT_SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign SettlementRequest(dealId, node, expiresAt) with the key of the node that is named.',
  },
  // Development chains
  FAUCET_ABSENT: { status: 404, remedy: 'Start the marketplace with --faucet-key-file.' },
  FAUCET_EXHAUSTED: {
    status: 429,
    remedy: 'Use the tokens that this account has, or transfer some from another one; a restart begins anew.',
  },
  FAUCET_FAILED: {
    status: 503,
    remedy: 'Try again; if it persists, give the account of --faucet-key-file ether and tokens.',
  },
  FAUCET_KEY_INVALID: { status: 500, remedy: 'Write 0x and 64 hexadecimal digits into the file.' },
  DEVELOPMENT_CHAIN_ONLY: {
    status: 500,
    remedy: 'Start without --development: it gives tokens away, and is for chain 31337 only.',
  },
  // Coordinator: viewers
  CHALLENGE_INVALID: {
    status: 401,
    remedy: 'Ask POST /v1/viewers/challenge for a new challenge and sign that one.',
  },
  CHALLENGE_EXPIRED: {
    status: 401,
    remedy: 'Ask POST /v1/viewers/challenge for a new challenge and sign that one.',
  },
  CHALLENGE_USED: { status: 409, remedy: 'A challenge is good once; ask for a new one.' },
  SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign the EIP-712 message of the domain in GET /v1/network with the viewer key.',
  },
  DEAL_NOT_SERVED: { status: 409, remedy: 'Ask the coordinator that holds the keys named by the deal.' },
  DEAL_NOT_OPEN: {
    status: 409,
    remedy: 'The publisher has closed this distribution; ask for another deal of the content.',
  },
  VIEWER_NOT_ADMITTED: {
    status: 403,
    remedy:
      'Log in with the publisher of the content and send its admission: Admission(dealId, viewerKey, expiresAt) for exactly this deal and viewer key, signed by the audience key, not expired and good for at most a day.',
  },
  EPOCH_TOO_EARLY: {
    status: 409,
    remedy: 'Grants for the next epoch are issued near the end of the current one.',
  },
  NO_NODE_AVAILABLE: { status: 503, remedy: 'Try again shortly, or fetch from the origin of the publisher.' },
  ALLOCATION_EXHAUSTED: {
    status: 503,
    remedy: 'The publisher can top up the allocation; already granted bytes return when nodes settle.',
  },
  CARRIAGE_EXHAUSTED: {
    status: 402,
    remedy:
      'Peers of this domain earn carriage by serving the content of this deal to others; until then ask the publisher to allocate tokens to an edge, or fetch from its origin.',
  },
  CARRIAGE_UNAVAILABLE: {
    status: 503,
    remedy:
      'Try again shortly: no edge that lends its uplink answers now. Operators lend it with --carriage.',
  },
  KEYS_EXHAUSTED: {
    status: 429,
    remedy: 'Too many keys wait for a deal; open deals with those you have, or try later.',
  },
  // Coordinator: audiences
  AUDIENCE_SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign Audience(dealId, audienceKey, issuedAt) with the key that opened the deal.',
  },
  AUDIENCE_TOO_EARLY: {
    status: 422,
    remedy: 'Issue the message now, in Unix seconds; synchronise the clock of this machine.',
  },
  AUDIENCE_OUTDATED: { status: 409, remedy: 'Sign the audience again with a later issuedAt.' },
  // Coordinator: origins
  ORIGIN_INVALID: {
    status: 400,
    remedy: 'Give the address of a file or gateway by http or https, as sdk/protocol/SPEC.md says.',
  },
  ORIGIN_NOT_FOUND: {
    status: 404,
    remedy: 'The publisher can name one; nodes fill from each other meanwhile.',
  },
  ORIGIN_SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign ContentOrigin with exactly these fields and the key that opened the deal.',
  },
  ORIGIN_TOO_EARLY: {
    status: 422,
    remedy: 'Issue the message now, in Unix seconds; synchronise the clock of this machine.',
  },
  ORIGIN_OUTDATED: { status: 409, remedy: 'Sign the origin again with a later issuedAt.' },
  // Coordinator: receipts and settlement
  RECEIPTS_MALFORMED: {
    status: 400,
    remedy: 'Send whole signed receipts, encoded as the protocol specification says.',
  },
  RECEIPT_SIGNATURE_INVALID: {
    status: 422,
    remedy: 'Drop this receipt: it was not signed by the viewer that the grant names.',
  },
  RECEIPT_OVER_CAP: { status: 422, remedy: 'Drop this receipt: it counts more bytes than the grant allows.' },
  GRANT_UNKNOWN: { status: 422, remedy: 'Drop this grant: this coordinator has not issued it.' },
  GRANT_SIGNATURE_INVALID: { status: 422, remedy: 'Drop this grant: it is not signed by a key of the deal.' },
  GRANT_MISMATCH: {
    status: 422,
    remedy: 'Send only grants of the deal, the node and the epochs that the settlement names.',
  },
  RECEIPT_MISMATCH: { status: 422, remedy: 'Send each receipt after the grant whose hash it carries.' },
  RECEIPT_TOO_LATE: {
    status: 422,
    remedy: 'Drop this receipt: its epoch ended too long ago. Deliver receipts when a fetch ends.',
  },
  CLAIM_OPEN: {
    status: 409,
    remedy: 'Open the claim on chain, or wait until it is paid or void; then ask for a voucher again.',
  },
  // Domains
  PEER_REACH_SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign PeerReach(dealId, everywhere, issuedAt) with the key that opened the deal.',
  },
  PEER_REACH_OUTDATED: {
    status: 409,
    remedy: 'Sign the message again, issued now, in Unix seconds; synchronise the clock of this machine.',
  },
  PRESENCE_EXPIRED: {
    status: 422,
    remedy:
      'Sign a presence that expires in the next five minutes, later than the one before; check the clock.',
  },
  // Peers
  PEER_NOT_REGISTERED: {
    status: 409,
    remedy: 'Register this address as a peer on chain, with the endpoint that it serves at.',
  },
  HOLDING_EXPIRED: { status: 422, remedy: 'Announce with an expiry in the future; check the clock.' },
  HOLDING_TOO_LONG: { status: 422, remedy: 'Announce for a shorter time and again before it ends.' },
  HOLDINGS_EXHAUSTED: { status: 429, remedy: 'Announce fewer contents; those announced end by themselves.' },
  POOL_NOT_FUNDED: {
    status: 409,
    remedy: 'The publisher of the content pays no peers; it can fund the peer pool of its deal.',
  },
  POOL_TOO_SMALL: {
    status: 409,
    remedy: 'The publisher can fund the peer pool again; what peers earned is kept until then.',
  },
  PEER_AMOUNT_FELL: {
    status: 500,
    remedy: 'Restore the data directory: a root must never promise a peer less than one before.',
  },
  PEER_ROOT_UNKNOWN: {
    status: 500,
    remedy: 'Restore the data directory: the chain holds a root that this coordinator does not remember.',
  },
  EPOCH_NOT_ENDED: { status: 409, remedy: 'Ask again when the epoch has ended.' },
  // Books of a deal
  BOOKS_SIGNATURE_INVALID: {
    status: 401,
    remedy: 'Sign BooksRequest(dealId, expiresAt) with the key that opened the deal.',
  },
  BOOKS_REQUEST_EXPIRED: {
    status: 401,
    remedy: 'Sign a request that expires in the next ten minutes; synchronise the clock of this machine.',
  },
  BOOKS_BLOCK_UNKNOWN: {
    status: 409,
    remedy: 'Ask again without throughBlock: the chain was reorganised, or the index is not that far.',
  },
  // Chain and storage
  CHAIN_UNREACHABLE: {
    status: 503,
    remedy: 'Start the chain or correct --rpc-url; indexing continues by itself when it answers.',
  },
  CHAIN_RESPONSE_INVALID: { status: 503, remedy: 'Check that --rpc-url is an Ethereum JSON-RPC endpoint.' },
  CHAIN_STALE: { status: 503, remedy: 'Try again when the marketplace hears from the chain.' },
  CHAIN_REPLACED: {
    status: 503,
    remedy: 'Start with --reset-replaced-chain to forget the old chain, or give another --data-dir.',
  },
  CHAIN_MISMATCH: { status: 503, remedy: 'Give the deployment file of the chain that --rpc-url serves.' },
  CLOCK_DRIFT: { status: 503, remedy: 'Synchronise the clock of this machine.' },
  NOT_INDEXED_YET: { status: 503, remedy: 'Try again when the index has caught up; see /readyz.' },
  DATABASE_TOO_NEW: { status: 500, remedy: 'Run the version that wrote this database, or a later one.' },
  DATABASE_CORRUPT: { status: 500, remedy: 'Restore the data directory from a backup.' },
  DATABASE_URL_INVALID: {
    status: 500,
    remedy: 'Give postgres://user:password@host:port/database as --database-url or in BCDN_DATABASE_URL.',
  },
  DATABASE_UNREACHABLE: {
    status: 503,
    remedy:
      'Start the PostgreSQL server or correct the database URL; the marketplace connects again by itself.',
  },
  DATABASE_REFUSED: {
    status: 503,
    remedy:
      'Check user, password and database of the URL: the user must own a schema of a primary server, where it may create tables.',
  },
  DATABASE_IN_USE: {
    status: 503,
    remedy: 'Stop the other marketplace first: a ledger has one coordinator.',
  },
  DATABASE_TIMEOUT: {
    status: 503,
    remedy: 'Try again; if it persists, look at the load and the locks of the database server.',
  },
  DATABASE_CONFLICT: { status: 503, remedy: 'Try again: nothing was written.' },
  DATABASE_FULL: { status: 503, remedy: 'Make room on the disk or in the memory of the database server.' },
  DATABASE_NOT_FOUND: {
    status: 500,
    remedy: 'Give the data directory of the marketplace whose database is to be copied.',
  },
  DATABASE_NOT_EMPTY: {
    status: 500,
    remedy: 'Copy into a new database: two ledgers cannot be made one.',
  },
  DATABASE_COPY_DIFFERS: {
    status: 500,
    remedy: 'Nothing was copied; keep the old database and report this.',
  },
  SECRET_UNREADABLE: { status: 500, remedy: 'Restore secret.key of the data directory from its backup.' },
  SECRET_EXPOSED: { status: 500, remedy: 'Run chmod 600 on the file.' },
  DEPLOYMENT_INVALID: { status: 500, remedy: 'Write the file with the deploy command.' },
  POSTER_KEY_INVALID: { status: 500, remedy: 'Write 0x and 64 hexadecimal digits into the file.' },
  PORT_IN_USE: { status: 500, remedy: 'Choose another --port, or 0 for any free one.' },
} as const satisfies Record<string, { status: number; remedy: string }>;

export type MarketplaceErrorCode = keyof typeof MARKETPLACE_ERRORS;
export type ErrorValues = Readonly<Record<string, string | number | boolean>>;

/** A failure with a stable code, the values that explain it and what to do about it. */
export class MarketplaceError extends Error {
  readonly code: MarketplaceErrorCode;
  readonly values: ErrorValues;

  constructor(code: MarketplaceErrorCode, message: string, values: ErrorValues = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MarketplaceError';
    this.code = code;
    this.values = values;
  }

  /** HTTP status under which the API reports this failure. */
  get status(): number {
    return MARKETPLACE_ERRORS[this.code].status;
  }

  /** One sentence that says what to do. */
  get remedy(): string {
    return MARKETPLACE_ERRORS[this.code].remedy;
  }
}

/** Sentence of whatever was thrown, for log lines and `cause` chains. */
export function describeFailure(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
