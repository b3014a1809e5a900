import { ProtocolError, type ErrorValues } from '../../../sdk/protocol/errors.ts';
import { DeliveryError, type DeliveryErrorCode } from '../../core/delivery/delivery-error.ts';
import { HttpRequestError, type HttpRequestErrorCode } from '../../core/http-semantics/http-request-error.ts';
import { NoticeError, type NoticeErrorCode } from '../../core/notices/notice-error.ts';
import { StorageError, type StorageErrorCode } from '../../core/storage/storage-error.ts';
import { DeskError, type DeskErrorCode } from '../delivery-desk/desk-error.ts';

/** What the gateway itself refuses. Listed once, stable, never reused. */
export type GatewayErrorCode =
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NAMES_NOT_SERVED'
  | 'TARGET_TOO_LONG'
  | 'FORMAT_UNSUPPORTED'
  | 'BLOCK_NOT_FOUND'
  | 'PATH_NOT_FOUND'
  | 'NOT_A_FILE'
  | 'NOT_STORED'
  | 'CLIENT_GONE'
  | 'PRECONDITION_FAILED'
  | 'CONTENT_DAMAGED'
  | 'CAR_TOO_LONG'
  | 'CARS_BUSY'
  | 'STREAMS_BUSY'
  | 'RANGE_UNSATISFIABLE'
  | 'GRANT_REQUIRED'
  | 'RECEIPT_WITHOUT_GRANT'
  | 'GRANT_AMBIGUOUS'
  | 'RECEIPT_AMBIGUOUS'
  | 'BODY_TOO_LARGE'
  | 'BODY_INCOMPLETE'
  | 'UPLOAD_MALFORMED'
  | 'UPLOAD_MISSING'
  | 'UPLOAD_BAD_SIGNATURE'
  | 'UPLOAD_WRONG_NODE'
  | 'UPLOAD_WRONG_CONTENT'
  | 'UPLOAD_EXPIRED'
  | 'UPLOAD_UNKNOWN_DEAL'
  | 'UPLOADS_BUSY'
  | 'FILLS_BUSY'
  | 'NOTICES_NOT_TAKEN'
  | 'SEARCHES_EXHAUSTED'
  | 'LOOKUP_FAILED'
  | 'QUERY_INVALID'
  | 'DRAINING'
  | 'NODE_UNREACHABLE'
  | 'REQUEST_INVALID'
  | 'HEADERS_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'INTERNAL';

/** A refusal as HTTP answers it. */
export class GatewayError extends Error {
  readonly status: number;
  readonly code: string;
  readonly values: ErrorValues;
  readonly remedy: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code:
      | GatewayErrorCode
      | HttpRequestErrorCode
      | DeskErrorCode
      | DeliveryErrorCode
      | StorageErrorCode
      | NoticeErrorCode
      | ProtocolError['code'],
    details: {
      message: string;
      remedy: string;
      values?: ErrorValues;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    },
  ) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GatewayError';
    this.status = status;
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
    this.headers = details.headers ?? {};
  }
}

/** Payment would help: 402. The node cannot now: 503. Everything else is forbidden: 403. */
const DELIVERY_STATUS: Partial<Record<DeliveryErrorCode, number>> = {
  FREE_ALLOWANCE_EXHAUSTED: 402,
  CREDIT_EXHAUSTED: 402,
  ALLOCATION_EXHAUSTED: 402,
  CONTENT_WITHDRAWN: 410,
  LEDGER_FULL: 503,
  NODE_DRAINING: 503,
  MONTHLY_CAP_REACHED: 503,
  DEAL_AT_RISK_LIMIT: 503,
};

const DESK_STATUS: Record<DeskErrorCode, number> = {
  GRANT_MALFORMED: 400,
  RECEIPT_MALFORMED: 400,
  RECEIPT_WRONG_GRANT: 403,
  CHAIN_UNAVAILABLE: 503,
};

/** Everything else is forbidden: 403. */
const NOTICE_STATUS: Partial<Record<NoticeErrorCode, number>> = {
  NOTICE_UNKNOWN_DEAL: 404,
  NOTICE_REPEATED: 409,
  NOTICES_TOO_MANY: 429,
  NOTICES_FULL: 507,
};

const REQUEST_STATUS: Partial<Record<HttpRequestErrorCode, number>> = {
  PATH_TOO_LONG: 414,
  FORMAT_NOT_ACCEPTABLE: 406,
};

const STORAGE_STATUS: Partial<Record<StorageErrorCode, number>> = {
  QUOTA_EXCEEDED: 507,
  DISK_FULL: 507,
  CAR_INVALID: 422,
  CAR_ROOT_WRONG: 422,
  CAR_INCOMPLETE: 422,
  CONTENT_INCOMPLETE: 422,
  BLOCK_NOT_NAMED: 422,
  DAG_INVALID: 422,
  CAR_TOO_LARGE: 413,
  JOURNAL_FULL: 503,
  JOURNAL_FAILED: 503,
  JOURNAL_CLOSED: 503,
  STORE_CLOSED: 503,
};

/** Any error of ours as an HTTP answer; undefined for one that nobody foresaw. */
export function asGatewayError(error: unknown): GatewayError | undefined {
  if (error instanceof GatewayError) return error;
  if (error instanceof HttpRequestError) {
    const { message, values, remedy } = error;
    return new GatewayError(REQUEST_STATUS[error.code] ?? 400, error.code, { message, values, remedy });
  }
  if (error instanceof DeskError) {
    const { message, values, remedy } = error;
    const status = DESK_STATUS[error.code];
    const headers: Record<string, string> = status === 503 ? { 'retry-after': '3' } : {};
    return new GatewayError(status, error.code, { message, values, remedy, headers, cause: error });
  }
  if (error instanceof DeliveryError) {
    const { message, values, remedy } = error;
    return new GatewayError(DELIVERY_STATUS[error.code] ?? 403, error.code, { message, values, remedy });
  }
  if (error instanceof NoticeError) {
    const { message, values, remedy } = error;
    return new GatewayError(NOTICE_STATUS[error.code] ?? 403, error.code, { message, values, remedy });
  }
  if (error instanceof StorageError) {
    const { message, values, remedy } = error;
    const shown = { message, values: withoutPaths(values), remedy, cause: error };
    return new GatewayError(STORAGE_STATUS[error.code] ?? 500, error.code, shown);
  }
  if (error instanceof ProtocolError) {
    const status = error.code === 'BLOCK_HASH_MISMATCH' || error.code === 'BLOCK_TOO_LARGE' ? 422 : 400;
    const { message, values } = error;
    return new GatewayError(status, error.code, { message, values, remedy: PROTOCOL_REMEDY });
  }
  return undefined;
}

const PROTOCOL_REMEDY = 'Send what the protocol describes; the values say what was expected.';

/** Paths of the operator's machine are nobody else's business. */
function withoutPaths(values: ErrorValues): ErrorValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'path'));
}
