import type { IncomingMessage } from 'node:http';

import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { parseCid } from '../../../sdk/protocol/content.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_PARSED_CIDS, MAX_PATH_LENGTH, MAX_PATH_SEGMENTS } from './gateway-limits.ts';

/** A request line, taken apart without a URL object: this runs for every block. */
export interface RequestTarget {
  readonly path: string;
  readonly query: string;
}

export function parseTarget(url: string): RequestTarget {
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

/** What stands after /ipfs/: a CID and the path below it, decoded. */
export interface ContentPath {
  readonly cid: CID;
  readonly segments: readonly string[];
}

/** @throws GatewayError PATH_INVALID; ProtocolError CID_INVALID, CID_UNSUPPORTED */
export function parseContentPath(path: string): ContentPath {
  if (path.length > MAX_PATH_LENGTH) throw pathInvalid('it is too long', { maxLength: MAX_PATH_LENGTH });
  const [cidText = '', ...rest] = path.split('/');
  const cid = parseCidCached(cidText);
  const segments = rest.filter((segment) => segment !== '').map(decodeSegment);
  if (segments.length > MAX_PATH_SEGMENTS)
    throw pathInvalid('it is too deep', { maxSegments: MAX_PATH_SEGMENTS });
  return { cid, segments };
}

function decodeSegment(segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw pathInvalid('a segment is not percent-encoded UTF-8', {});
  }
  if (decoded === '.' || decoded === '..' || decoded.includes('/') || decoded.includes('\0')) {
    throw pathInvalid('a segment names no entry of a directory', {});
  }
  return decoded;
}

function pathInvalid(reason: string, values: Record<string, number>): GatewayError {
  return new GatewayError(400, 'PATH_INVALID', {
    message: `The path cannot be used: ${reason}.`,
    values,
    remedy: 'Use /ipfs/<cid> or /ipfs/<cid>/<name>/…',
  });
}

/** What form of the content is asked for: a single block, or the file. */
export function wantsRawBlock(request: IncomingMessage, query: string): boolean {
  const format = query === 'format=raw' ? 'raw' : new URLSearchParams(query).get('format');
  if (format === null) return request.headers.accept === 'application/vnd.ipld.raw';
  if (format === 'raw') return true;
  throw new GatewayError(400, 'FORMAT_UNSUPPORTED', {
    message: 'This format is not served.',
    values: { format: format.slice(0, 32) },
    remedy: 'Use format=raw for a single block, or no format for the file.',
  });
}

/** A header that may be there once. Node joins repeated ones with a comma, which no value of ours holds. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** Whether the client holds this version already (RFC 9110, If-None-Match: weak comparison). */
export function matchesEtag(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
