import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** Why a node refuses to serve or to credit. Listed once, stable, never reused. */
export type DeliveryErrorCode =
  | 'GRANT_WRONG_NODE'
  | 'GRANT_UNKNOWN_DEAL'
  | 'GRANT_BAD_SIGNATURE'
  | 'GRANT_WRONG_CONTENT'
  | 'GRANT_EXPIRED'
  | 'GRANT_NOT_YET_VALID'
  | 'GRANT_OVER_CAP'
  | 'GRANT_UNKNOWN'
  | 'GRANT_ABORTS_EXHAUSTED'
  | 'ALLOCATION_MISSING'
  | 'ALLOCATION_ENDED'
  | 'ALLOCATION_EXHAUSTED'
  | 'CONTENT_WITHDRAWN'
  | 'CREDIT_EXHAUSTED'
  | 'BLOCK_ABOVE_CREDIT'
  | 'DEAL_AT_RISK_LIMIT'
  | 'LEDGER_FULL'
  | 'NODE_DRAINING'
  | 'MONTHLY_CAP_REACHED'
  | 'EPOCH_CLOSED'
  | 'FREE_ALLOWANCE_EXHAUSTED'
  | 'RECEIPT_UNKNOWN_GRANT'
  | 'RECEIPT_BAD_SIGNATURE'
  | 'RECEIPT_BACKWARDS'
  | 'RECEIPT_BEYOND_SERVED'
  | 'RECEIPT_OVER_CAP'
  | 'RECEIPT_EPOCH_CLOSED';

/** A refusal with what was expected, what came, and what would satisfy the rule. */
export class DeliveryError extends Error {
  readonly code: DeliveryErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the person or program that met the refusal. */
  readonly remedy: string;

  constructor(code: DeliveryErrorCode, message: string, details: { values?: ErrorValues; remedy: string }) {
    super(message);
    this.name = 'DeliveryError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}

/** An answer of the ledger: refusals are ordinary answers, not exceptions. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DeliveryError };

export function accepted<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(
  code: DeliveryErrorCode,
  message: string,
  details: { values?: ErrorValues; remedy: string },
): { readonly ok: false; readonly error: DeliveryError } {
  return { ok: false, error: new DeliveryError(code, message, details) };
}
