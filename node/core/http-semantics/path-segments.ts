import { utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_PATH_LENGTH, MAX_PATH_SEGMENTS, MAX_SEGMENT_BYTES } from './http-limits.ts';
import { HttpRequestError } from './http-request-error.ts';

/** What stands behind /ipfs/: the text of a CID and the names below it, decoded. */
export interface ContentNames {
  readonly cid: string;
  readonly segments: readonly string[];
  /** Whether the path ends with a slash: a directory's own address, to which relative links are resolved. */
  readonly directory: boolean;
}

/**
 * Takes a percent-encoded path apart. Names that no directory may hold are refused before anything is read.
 * @throws HttpRequestError PATH_TOO_LONG, PATH_INVALID
 */
export function contentNames(path: string): ContentNames {
  if (path.length > MAX_PATH_LENGTH) {
    throw new HttpRequestError('PATH_TOO_LONG', 'The path is too long.', {
      values: { maxLength: MAX_PATH_LENGTH },
      remedy: REMEDY,
    });
  }
  const end = path.indexOf('/');
  if (end === -1) return { cid: path, segments: [], directory: false };
  const segments: string[] = [];
  for (const written of path.slice(end + 1).split('/')) {
    if (written !== '') segments.push(decodedName(written));
  }
  if (segments.length > MAX_PATH_SEGMENTS) {
    throw pathInvalid('it is too deep', { maxSegments: MAX_PATH_SEGMENTS });
  }
  return { cid: path.slice(0, end), segments, directory: path.endsWith('/') };
}

/** Names as a path that can be sent in a header or a link. */
export function encodedPath(segments: readonly string[]): string {
  return segments.map((segment) => encodeURIComponent(segment.toWellFormed())).join('/');
}

function decodedName(written: string): string {
  let name: string;
  try {
    name = decodeURIComponent(written);
  } catch {
    throw pathInvalid('a name is not percent-encoded UTF-8', {});
  }
  if (name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw pathInvalid('a name is none that a directory may hold', {});
  }
  if (name.length > MAX_SEGMENT_BYTES || utf8ToBytes(name).length > MAX_SEGMENT_BYTES) {
    throw pathInvalid('a name is too long', { maxBytes: MAX_SEGMENT_BYTES });
  }
  return name;
}

const REMEDY = 'Use /ipfs/<cid> or /ipfs/<cid>/<name>/…';

function pathInvalid(reason: string, values: Record<string, number>): HttpRequestError {
  return new HttpRequestError('PATH_INVALID', `The path cannot be used: ${reason}.`, {
    values,
    remedy: REMEDY,
  });
}
