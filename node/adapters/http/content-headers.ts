import type { OutgoingHttpHeaders } from 'node:http';

import type { CID } from 'multiformats/cid';

import { IMMUTABLE_SECONDS } from './gateway-limits.ts';

/** How a response was obtained, for Cache-Status (RFC 9211). */
export type CacheOutcome = 'hit' | 'fill';

/** Headers of every response that carries content, or says that the client has it. */
export function contentHeaders(content: {
  cid: CID;
  etag: string;
  path: string;
  cache: CacheOutcome;
  elapsedMs: number;
}): OutgoingHttpHeaders {
  const { cid, etag, path, cache, elapsedMs } = content;
  return {
    etag,
    'cache-control': `public, max-age=${IMMUTABLE_SECONDS}, immutable`,
    'cache-status': cache === 'hit' ? 'bcdn; hit' : 'bcdn; fwd=miss; stored',
    'server-timing': `total;dur=${elapsedMs.toFixed(1)}`,
    'x-ipfs-path': path,
    'x-ipfs-roots': cid.toString(),
  };
}
