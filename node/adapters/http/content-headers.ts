import type { OutgoingHttpHeaders } from 'node:http';

import type { CID } from 'multiformats/cid';

import type { Exchange } from './exchange.ts';
import { IMMUTABLE_SECONDS } from './gateway-limits.ts';

const IMMUTABLE = `public, max-age=${IMMUTABLE_SECONDS}, immutable`;

/** Headers of every response that carries content, or says that the client has it. */
export function contentHeaders(
  exchange: Exchange,
  root: CID,
  cacheControl: string = IMMUTABLE,
): OutgoingHttpHeaders {
  return {
    'cache-control': cacheControl,
    vary: 'accept',
    'x-ipfs-path': exchange.path,
    'x-ipfs-roots': root.toString(),
  };
}

/**
 * The address of the form that was chosen by Accept, at which caches that know no Vary find it too (trustless
 * gateway specification, Content-Location).
 */
export function contentLocation(exchange: Exchange, format: 'raw' | 'car'): OutgoingHttpHeaders {
  const { path, query } = exchange;
  if (/(?:^|&)format=/.test(query)) return {};
  return { 'content-location': `${path}?format=${format}${query === '' ? '' : `&${query}`}` };
}
