import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** Why a request for content cannot be understood. Listed once, stable, never reused. */
export type HttpRequestErrorCode =
  | 'PATH_INVALID'
  | 'PATH_TOO_LONG'
  | 'QUERY_INVALID'
  | 'FORMAT_UNSUPPORTED'
  | 'FORMAT_NOT_ACCEPTABLE'
  | 'ENTITY_BYTES_OUTSIDE';

/** A request that asks for what does not exist in this interface, with what would be understood. */
export class HttpRequestError extends Error {
  readonly code: HttpRequestErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the person or program that sent the request. */
  readonly remedy: string;

  constructor(
    code: HttpRequestErrorCode,
    message: string,
    details: { values?: ErrorValues; remedy: string },
  ) {
    super(message);
    this.name = 'HttpRequestError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
