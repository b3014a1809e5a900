/** Every refusal of publishing. Codes are listed once, are stable, and are never reused. */
export type PublishErrorCode =
  | 'SOURCE_UNREADABLE'
  | 'SOURCE_UNSUPPORTED'
  | 'DIRECTORY_TOO_LARGE'
  | 'CHUNK_SIZE_INVALID'
  | 'CAR_INVALID'
  | 'CAR_INCOMPLETE'
  | 'CAR_TOO_LARGE'
  | 'BLOCK_UNSUPPORTED'
  | 'DISK_WRITE_FAILED'
  | 'ENDPOINT_MISSING'
  | 'PUSH_REFUSED'
  | 'PUSH_FAILED'
  | 'PLACEMENT_INCOMPLETE'
  | 'BUDGET_EXCEEDED'
  | 'NO_NODES'
  | 'TOO_FEW_NODES'
  | 'QUOTE_UNUSABLE'
  | 'AUDIENCE_REFUSED'
  | 'ORIGIN_UNUSABLE'
  | 'ORIGIN_UNREADABLE'
  | 'ORIGIN_REFUSED'
  | 'SIGNER_UNEXPECTED'
  | 'ALLOCATION_FAILED'
  | 'NOTICE_REFUSED'
  | 'NOT_CONFIRMED'
  | 'PUBLICATION_CHANGED'
  | 'JOURNAL_UNUSABLE'
  | 'DEAL_ENDED'
  | 'DEAL_UNKNOWN'
  | 'MONEY_SHORT'
  | 'CLOSE_INCOMPLETE';

/** Values that explain a refusal, ready to be serialised: no secrets, no objects. */
export type PublishErrorValues = Readonly<Record<string, string | number | bigint | boolean>>;

/** What explains a refusal beside its code. */
export interface PublishErrorDetails {
  readonly values?: PublishErrorValues;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** A failure to import, push, publish or close. Programs match on `code`, people read message and remedy. */
export class PublishError extends Error {
  readonly code: PublishErrorCode;
  readonly values: PublishErrorValues;
  readonly remedy: string;

  constructor(code: PublishErrorCode, message: string, details: PublishErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PublishError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
