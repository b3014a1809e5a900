import type { OutgoingHttpHeaders } from 'node:http';

import {
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  GRANT_HEADER,
  RECEIPT_HEADER,
  SERVED_HEADER,
  TAGS_HEADER,
  UPLOAD_HEADER,
  UPLOAD_KEY_HEADER,
  UPLOAD_PART_HEADER,
} from '../../../sdk/protocol/http.ts';

const EXPOSED = [
  'content-range',
  'content-length',
  'content-disposition',
  'content-location',
  'accept-ranges',
  'etag',
  'retry-after',
  'server-timing',
  'cache-status',
  'x-ipfs-path',
  'x-ipfs-roots',
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  SERVED_HEADER,
].join(', ');
const ALLOWED = [
  'accept',
  'cache-control',
  'range',
  'if-match',
  'if-none-match',
  'if-range',
  GRANT_HEADER,
  RECEIPT_HEADER,
  'content-type',
  UPLOAD_HEADER,
  UPLOAD_KEY_HEADER,
  UPLOAD_PART_HEADER,
  TAGS_HEADER,
].join(', ');
/** Browsers may remember the answer to a preflight for a day. */
const PREFLIGHT_SECONDS = '86400';

/** Content is public: any page may read it, and the headers of the payment protocol. */
export const CROSS_ORIGIN_HEADERS: OutgoingHttpHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED,
};

/** Headers of the answer to a preflight. */
export function preflightHeaders(methods: readonly string[]): OutgoingHttpHeaders {
  return {
    'access-control-allow-methods': [...methods, 'OPTIONS'].join(', '),
    'access-control-allow-headers': ALLOWED,
    'access-control-max-age': PREFLIGHT_SECONDS,
  };
}
