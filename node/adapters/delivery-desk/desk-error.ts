import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** What the desk itself refuses, beside the ledger and the journal. Listed once, stable, never reused. */
export type DeskErrorCode =
  /** The bytes are no signed grant. Values: reason. */
  | 'GRANT_MALFORMED'
  /** The bytes are no signed receipt. Values: reason. */
  | 'RECEIPT_MALFORMED'
  /** The receipt rides on a request for another grant. Values: expected, actual. */
  | 'RECEIPT_WRONG_GRANT'
  /** Neither the cache nor the chain tells the terms of the deal. Values: dealId. */
  | 'CHAIN_UNAVAILABLE';

/** A refusal of the desk with what would satisfy it. */
export class DeskError extends Error {
  readonly code: DeskErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the person or program that met the refusal. */
  readonly remedy: string;

  constructor(
    code: DeskErrorCode,
    message: string,
    details: { values?: ErrorValues; remedy: string; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DeskError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
