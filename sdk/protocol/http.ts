import type { ErrorValues } from './errors.ts';

/** Header and path names of the edge's HTTP interface (SPEC.md, HTTP binding). */

/** Request: base64url of a signed grant. Also the name of a parameter of the address, with the same value. */
export const GRANT_HEADER = 'bcdn-grant';
/** Request: base64url of the newest signed receipt under that grant. Also the name of a parameter, as above. */
export const RECEIPT_HEADER = 'bcdn-receipt';
/** Request: base64url of a signed upload authorisation. */
export const UPLOAD_HEADER = 'bcdn-upload';
/** Request: base64url of the upload key that the deal's salt names, where that signed in the publisher's place. */
export const UPLOAD_KEY_HEADER = 'bcdn-upload-key';
/** Request: which part of a content an upload brings. @default whole */
export const UPLOAD_PART_HEADER = 'bcdn-upload-part';
/** Every block, or the inner nodes only, where the raw leaves come from an origin or in slices later, or such a slice. */
export const UPLOAD_PARTS = ['whole', 'skeleton', 'slice'] as const;
export type UploadPart = (typeof UPLOAD_PARTS)[number];
/** Request of an upload: tags of the content, separated by commas. */
export const TAGS_HEADER = 'cache-tag';
/** Response: bytes of this grant that are durably recorded as earned. */
export const ACKNOWLEDGED_HEADER = 'bcdn-acknowledged';
/** Response: the credit window now, in bytes. */
export const CREDIT_HEADER = 'bcdn-credit';
/** Response: bytes served under the grant so far, this response included. */
export const SERVED_HEADER = 'bcdn-served';

export const RECEIPTS_PATH = '/bcdn/v1/receipts';
export const CONTENT_PATH = '/bcdn/v1/content/';
/** Signed notices of publishers: purge, takedown, tag. */
export const NOTICES_PATH = '/bcdn/v1/notices';
export const STATUS_PATH = '/bcdn/v1/status';
export const PROVIDERS_PATH = '/routing/v1/providers/';

/** Name of the HTTP data plane in provider records (IPIP-337, Protocols). */
export const HTTP_TRANSPORT = 'transport-bcdn-http';

/** Every error body of every bcdn HTTP interface. */
export interface ErrorBody {
  readonly error: {
    /** Stable, upper case with underscores. */
    readonly code: string;
    /** One sentence: what happened. */
    readonly message: string;
    /** What was expected and what came; big integers as decimal strings. */
    readonly values: Readonly<Record<string, string | number | boolean>>;
    /** One sentence: what would satisfy the rule. */
    readonly remedy: string;
  };
}

/** Builds an error body; bigints become decimal strings so that JSON can carry them. */
export function errorBody(error: {
  code: string;
  message: string;
  values: ErrorValues;
  remedy: string;
}): ErrorBody {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(error.values)) {
    values[name] = typeof value === 'bigint' ? value.toString() : value;
  }
  return { error: { code: error.code, message: error.message, values, remedy: error.remedy } };
}
