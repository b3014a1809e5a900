/** Why an audit could not be made. Codes are listed once and never reused. What an audit finds is no failure. */
export type AuditErrorCode =
  /** A line of the file is not what it should be. Values: line, reason. */
  | 'AUDIT_FILE_MALFORMED'
  /** The file has no end: its download was interrupted. Values: receipts. */
  | 'AUDIT_FILE_INCOMPLETE'
  /** The file could not be opened, read or written. Values: file. */
  | 'AUDIT_FILE_UNREADABLE'
  /** The file is of another deal, or is complete, so that nothing can be added to it. Values: file. */
  | 'AUDIT_FILE_OTHER'
  /** More receipts than one audit takes. Values: maxReceipts. */
  | 'AUDIT_TOO_LARGE'
  /** The events of the deal contradict each other. Values: name, blockNumber, logIndex. */
  | 'AUDIT_EVENTS_INCONSISTENT'
  /** The chain that was asked is not the one of the file, or has other blocks. Values: expected, actual. */
  | 'AUDIT_CHAIN_OTHER'
  /** The marketplace hands out the books of a deal in another order than asked for, or changed them in between. */
  | 'AUDIT_DOWNLOAD_INCONSISTENT'
  /** A worker that verified receipts ended before its work was done. */
  | 'AUDIT_WORKER_FAILED';

export type AuditErrorValues = Readonly<Record<string, string | number | bigint | boolean>>;

/** A failure with a stable code, the values that explain it and what to do about it. */
export class AuditError extends Error {
  readonly code: AuditErrorCode;
  readonly values: AuditErrorValues;
  readonly remedy: string;

  constructor(
    code: AuditErrorCode,
    message: string,
    detail: { readonly values?: AuditErrorValues; readonly remedy: string; readonly cause?: unknown },
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'AuditError';
    this.code = code;
    this.values = detail.values ?? {};
    this.remedy = detail.remedy;
  }
}
