import { OriginError, type OriginErrorCode } from './origin-error.ts';
import { MAX_REST_MS } from './origin-limits.ts';

/** What a file was when it was published. */
export interface FileVersion {
  readonly bytes: number;
  /** With its quotes; empty if none is known. */
  readonly etag: string;
  /** Empty if none is known. */
  readonly lastModified: string;
}

/** Bytes of a file that were asked for: from `start` up to but not including `end`. */
export interface AskedRange {
  readonly start: number;
  readonly end: number;
}

/** Head of an answer. Names of headers are lower-case. */
export interface AnswerHead {
  readonly status: number;
  header(name: string): string | undefined;
}

/** Headers of a request for a part of a file: the right part of the right version, as it is, or none. */
export function rangeRequestHeaders(range: AskedRange, version: FileVersion): Record<string, string> {
  return {
    range: `bytes=${range.start}-${range.end - 1}`,
    'accept-encoding': 'identity',
    // A weak validator cannot be asked for (RFC 9110, section 13.1.1); the answer's is compared all the same.
    ...(isStrong(version.etag) && { 'if-match': version.etag }),
    ...(!isStrong(version.etag) &&
      version.lastModified !== '' && { 'if-unmodified-since': version.lastModified }),
  };
}

/**
 * Decides by its head whether an answer is the asked part of the published file. Nothing of its body was read yet.
 * @throws OriginError ORIGIN_CHANGED, ORIGIN_STATUS, ORIGIN_ENCODED, ORIGIN_RANGE_IGNORED, ORIGIN_RANGE_WRONG,
 *   ORIGIN_LENGTH_WRONG
 */
export function requireRangeAnswer(head: AnswerHead, range: AskedRange, version: FileVersion): void {
  const { status } = head;
  if (status === 412) throw changed('a precondition on its version failed', { status });
  if (status === 416) throw unsatisfied(head, range, version);
  if (status !== 200 && status !== 206) throw refused(head);
  requireIdentity(head);
  requireSameVersion(head, version);
  const whole = range.start === 0 && range.end === version.bytes;
  if (status === 206) requireContentRange(head, range, version);
  else if (!whole) throw rangeIgnored(head, range, version);
  const declared = head.header('content-length');
  const expected = range.end - range.start;
  if (declared === undefined || declared === String(expected)) return;
  if (status === 200) throw changed('its length differs', { expected, actual: declared });
  throw fault('ORIGIN_LENGTH_WRONG', 'The origin announces another length than it was asked for.', {
    expected,
    actual: declared.slice(0, 32),
  });
}

/**
 * Decides by its head whether an answer can be a block of a trustless gateway.
 * @throws OriginError ORIGIN_STATUS, ORIGIN_ENCODED, ORIGIN_LENGTH_WRONG
 */
export function requireBlockAnswer(head: AnswerHead, maxBytes: number): void {
  if (head.status !== 200) throw refused(head);
  requireIdentity(head);
  const declared = head.header('content-length');
  if (declared === undefined || (/^\d{1,10}$/.test(declared) && Number(declared) <= maxBytes)) return;
  throw fault('ORIGIN_LENGTH_WRONG', 'The origin announces a longer block than there are.', {
    maxBytes,
    actual: declared.slice(0, 32),
  });
}

/** Time that an origin asks to be left alone, 0 if it does not say or says a date. Never above `MAX_REST_MS`. */
export function retryAfterMs(head: AnswerHead): number {
  const text = head.header('retry-after') ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, MAX_REST_MS) : 0;
}

function requireIdentity(head: AnswerHead): void {
  const encoding = head.header('content-encoding');
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return;
  throw fault('ORIGIN_ENCODED', 'The origin sends its bytes encoded, although that was not accepted.', {
    encoding: encoding.slice(0, 32),
  });
}

/** Compares weakly (RFC 9110, section 8.8.3.2): what decides in the end are the hashes of the leaves. */
function requireSameVersion(head: AnswerHead, { etag, lastModified }: FileVersion): void {
  const nowEtag = head.header('etag');
  if (etag !== '' && nowEtag !== undefined) {
    if (opaque(nowEtag) !== opaque(etag)) {
      throw changed('its ETag differs', { expected: etag, actual: nowEtag.slice(0, 256) });
    }
    return;
  }
  const nowModified = head.header('last-modified');
  if (lastModified !== '' && nowModified !== undefined && nowModified !== lastModified) {
    throw changed('it was modified', { expected: lastModified, actual: nowModified.slice(0, 64) });
  }
}

function requireContentRange(head: AnswerHead, range: AskedRange, version: FileVersion): void {
  const text = head.header('content-range') ?? '';
  const parsed = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(text);
  const actual = text.slice(0, 80);
  if (parsed === null) {
    throw fault('ORIGIN_RANGE_WRONG', 'The origin does not say which range it sends.', { actual });
  }
  const [, first, last, total] = parsed;
  if (total !== '*' && Number(total) !== version.bytes) {
    throw changed('its length differs', { expected: version.bytes, actual: total ?? '' });
  }
  if (Number(first) === range.start && Number(last) === range.end - 1) return;
  throw fault('ORIGIN_RANGE_WRONG', 'The origin sends another range than it was asked for.', {
    expected: `bytes ${range.start}-${range.end - 1}/${version.bytes}`,
    actual,
  });
}

function unsatisfied(head: AnswerHead, range: AskedRange, version: FileVersion): OriginError {
  const total = /^bytes \*\/(\d{1,16})$/.exec(head.header('content-range') ?? '')?.[1];
  if (total !== undefined && Number(total) !== version.bytes) {
    return changed('its length differs', { expected: version.bytes, actual: total });
  }
  return fault('ORIGIN_RANGE_WRONG', 'The origin says that the range does not exist.', {
    status: 416,
    start: range.start,
    end: range.end,
  });
}

function rangeIgnored(head: AnswerHead, range: AskedRange, version: FileVersion): OriginError {
  const declared = head.header('content-length');
  if (declared !== undefined && declared !== String(version.bytes)) {
    return changed('its length differs', { expected: version.bytes, actual: declared.slice(0, 32) });
  }
  return fault('ORIGIN_RANGE_IGNORED', 'The origin sends the whole file in place of a range.', {
    start: range.start,
    end: range.end,
    bytes: version.bytes,
  });
}

function refused(head: AnswerHead): OriginError {
  return new OriginError('ORIGIN_STATUS', `The origin answers with status ${head.status}.`, {
    values: { status: head.status, retryAfterMs: retryAfterMs(head) },
    remedy: 'The publisher makes the URL readable for the nodes; other sources are used meanwhile.',
  });
}

function changed(reason: string, values: Record<string, string | number>): OriginError {
  return new OriginError('ORIGIN_CHANGED', `The origin has another file than was published: ${reason}.`, {
    values,
    remedy: 'The publisher publishes the new file, or puts the old one back and declares the origin again.',
  });
}

function fault(code: OriginErrorCode, message: string, values: Record<string, string | number>): OriginError {
  return new OriginError(code, message, {
    values,
    remedy:
      'The publisher serves the file with byte ranges and without encoding, for example by nginx or an object store.',
  });
}

function isStrong(etag: string): boolean {
  return etag.startsWith('"');
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
