import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** Why an origin does not give a content. Listed once, stable, never reused. */
export type OriginErrorCode =
  /** No address, no connection, or it broke. */
  | 'ORIGIN_UNREACHABLE'
  /** The URL leads to an address that the operator does not let the node ask. */
  | 'ORIGIN_ADDRESS_REFUSED'
  /** A redirect leads nowhere, to what is not http(s), or there are too many. */
  | 'ORIGIN_REDIRECT_REFUSED'
  /** Silent, or slower than the bound. */
  | 'ORIGIN_TIMEOUT'
  /** A status that gives no bytes. Values: status. */
  | 'ORIGIN_STATUS'
  /** The whole file in place of the range. */
  | 'ORIGIN_RANGE_IGNORED'
  /** Another range than was asked for. */
  | 'ORIGIN_RANGE_WRONG'
  /** More or fewer bytes than announced or asked for. */
  | 'ORIGIN_LENGTH_WRONG'
  /** A Content-Encoding although none was accepted. */
  | 'ORIGIN_ENCODED'
  /** Another file than the one that was published: length or validators differ. */
  | 'ORIGIN_CHANGED'
  /** Validators hold, but the bytes have another hash. */
  | 'ORIGIN_BYTES_WRONG'
  /** It failed lately and is left alone for a while. */
  | 'ORIGIN_RESTING'
  /** More requests wait for it than may. */
  | 'ORIGIN_BUSY'
  /** The inner nodes that say where leaves lie are not stored here, or are not those of one file. */
  | 'ORIGIN_LAYOUT_UNKNOWN';

/** A refusal by, or about, an origin; nothing of it was stored. */
export class OriginError extends Error {
  readonly code: OriginErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the publisher or the operator. */
  readonly remedy: string;

  constructor(
    code: OriginErrorCode,
    message: string,
    details: { readonly values?: ErrorValues; readonly remedy: string; readonly cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'OriginError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
