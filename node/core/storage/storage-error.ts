import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** Why storage refuses. Listed once, stable, never reused. */
export type StorageErrorCode =
  | 'QUOTA_EXCEEDED'
  | 'DISK_FULL'
  | 'DISK_FAILED'
  | 'STORE_CLOSED'
  | 'STORE_VERSION_UNKNOWN'
  | 'CAR_INVALID'
  | 'CAR_ROOT_WRONG'
  | 'CAR_INCOMPLETE'
  | 'CAR_TOO_LARGE'
  | 'CONTENT_INCOMPLETE'
  | 'BLOCK_NOT_NAMED'
  | 'DAG_INVALID'
  | 'JOURNAL_CORRUPT'
  | 'JOURNAL_VERSION_UNKNOWN'
  | 'JOURNAL_FULL'
  | 'JOURNAL_FAILED'
  | 'JOURNAL_CLOSED'
  /** The kept receipts of a sampled claim cannot be read. Values: path. */
  | 'CLAIM_SNAPSHOT_CORRUPT';

/** A refusal of the store or the journal, with its numbers and what mends it. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the operator. */
  readonly remedy: string;

  constructor(
    code: StorageErrorCode,
    message: string,
    details: { values?: ErrorValues; remedy: string; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StorageError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
