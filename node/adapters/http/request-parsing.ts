import type { IncomingMessage } from 'node:http';

import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { parseCid } from '../../../sdk/protocol/content.ts';
import { MAX_PARSED_CIDS } from './gateway-limits.ts';

/** A request line, taken apart without a URL object: this runs for every block. */
export interface RequestTarget {
  readonly path: string;
  readonly query: string;
}

const AUTHORITY = /^https?:\/\/[^/?]*/i;

/** The target may be a path or, as for a proxy, a whole URL (RFC 9112, section 3.2.2). */
export function parseTarget(target: string): RequestTarget {
  const url = target.startsWith('/') ? target : target.replace(AUTHORITY, '');
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

const parsed = new LRUCache<string, CID>({ max: MAX_PARSED_CIDS });

/** @throws ProtocolError CID_INVALID, CID_UNSUPPORTED */
export function parseCidCached(text: string): CID {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const cid = parseCid(text);
  parsed.set(text, cid);
  return cid;
}

/** A header that may be there once. Node joins repeated ones with a comma, which no value of ours holds. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
