import { ProtocolError } from './errors.ts';
import {
  bytes32Word,
  structHash,
  stringWord,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import type { DealId } from './identifiers.ts';
import { MAX_UINT64 } from './limits.ts';

/**
 * How the bytes of a content are had from its publisher: `file` is one file behind a URL, read in ranges; `gateway` answers
 * blocks by the trustless gateway specification; `none` takes an earlier origin back.
 */
export const ORIGIN_KINDS = ['file', 'gateway', 'none'] as const;
export type OriginKind = (typeof ORIGIN_KINDS)[number];

/** Longest URL of an origin, in characters. */
export const MAX_ORIGIN_URL_LENGTH = 1_024;
/** Longest validator (ETag or Last-Modified) of an origin, in characters. */
export const MAX_ORIGIN_VALIDATOR_LENGTH = 256;

/** A publisher's word where edges may have the content of its deal. Never goes on chain. */
export interface ContentOrigin {
  readonly dealId: DealId;
  readonly kind: OriginKind;
  /** http or https, without user, password and fragment; empty for `none`. */
  readonly url: string;
  /** Length of the file; of a gateway, the bytes of the content. */
  readonly bytes: bigint;
  /** ETag that the file has, with its quotes; empty if the origin gives none. */
  readonly etag: string;
  /** Last-Modified that the file has; empty if the origin gives none. */
  readonly lastModified: string;
  /** Unix seconds; the latest message is the one that counts. */
  readonly issuedAt: bigint;
}

export interface SignedContentOrigin {
  readonly origin: ContentOrigin;
  /** By the deal's publisher, EIP-2098. */
  readonly signature: Uint8Array;
}

/** Encoded type of the message (EIP-712, encodeType): wallets are shown its members by these names. */
export const CONTENT_ORIGIN_TYPE =
  'ContentOrigin(bytes32 dealId,string kind,string url,uint64 bytes,string etag,string lastModified,uint64 issuedAt)';
const CONTENT_ORIGIN_TYPE_HASH = typeHash(CONTENT_ORIGIN_TYPE);

/** Scheme, host without user information, then path and query: printable ASCII without quotes, spaces, fragments. */
const URL_FORM = /^https?:\/\/[a-z0-9.\-[\]:]+(?:[/?][\x21\x23-\x7e]*)?$/i;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** @throws ProtocolError ORIGIN_INVALID naming the field */
export function requireOriginForm(origin: ContentOrigin): void {
  const { kind, url, bytes, etag, lastModified } = origin;
  if (!ORIGIN_KINDS.includes(kind)) throw invalid('kind', `it is one of ${ORIGIN_KINDS.join(', ')}`);
  if (url.length > MAX_ORIGIN_URL_LENGTH)
    throw invalid('url', `it has at most ${MAX_ORIGIN_URL_LENGTH} characters`);
  if (kind === 'none' ? url !== '' : !URL_FORM.test(url) || url.includes('#')) {
    throw invalid(
      'url',
      'it is an http or https URL in printable ASCII, without user, password and fragment',
    );
  }
  if (bytes < 0n || bytes > MAX_UINT64) throw invalid('bytes', 'it is an unsigned 64-bit number');
  for (const [field, text] of Object.entries({ etag, lastModified })) {
    if (text.length > MAX_ORIGIN_VALIDATOR_LENGTH || !PRINTABLE.test(text)) {
      throw invalid(field, `it has at most ${MAX_ORIGIN_VALIDATOR_LENGTH} printable ASCII characters`);
    }
  }
}

/** Signed by the deal's publisher. */
export function contentOriginDigest(domain: Domain, origin: ContentOrigin): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      CONTENT_ORIGIN_TYPE_HASH,
      bytes32Word(origin.dealId),
      stringWord(origin.kind),
      stringWord(origin.url),
      uintWord(origin.bytes),
      stringWord(origin.etag),
      stringWord(origin.lastModified),
      uintWord(origin.issuedAt),
    ),
  );
}

function invalid(field: string, rule: string): ProtocolError {
  return new ProtocolError('ORIGIN_INVALID', `The ${field} of the origin is not valid: ${rule}.`, { field });
}
