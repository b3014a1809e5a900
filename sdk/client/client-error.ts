/** Every failure of fetching. Codes are listed once, are stable, and are never reused. */
export type ClientErrorCode =
  | 'ENDPOINT_INVALID'
  | 'UNREACHABLE'
  | 'STALLED'
  | 'ANSWER_TOO_LARGE'
  | 'ANSWER_INVALID'
  | 'MARKETPLACE_REFUSED'
  | 'CONTENT_NOT_PAID'
  | 'GRANT_INVALID'
  | 'NO_SOURCES'
  | 'BLOCK_UNAVAILABLE'
  | 'DAG_INVALID'
  | 'DAG_LIMIT_EXCEEDED'
  | 'PATH_NOT_FOUND'
  | 'NOT_A_FILE'
  | 'RANGE_INVALID'
  | 'SINK_FAILED';

/** Values that explain a failure, ready to be serialised: no secrets, no objects. */
export type ClientErrorValues = Readonly<Record<string, string | number | bigint | boolean>>;

/** What explains a failure beside its code. */
export interface ClientErrorDetails {
  readonly values?: ClientErrorValues;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** A failure to find, fetch, verify or pay. Programs match on `code`, people read message and remedy. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly values: ClientErrorValues;
  readonly remedy: string;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ClientError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
