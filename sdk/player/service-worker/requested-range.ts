import { PlayerError } from '../player-error.ts';

/** Bytes `start` up to, not including, `end`. */
export interface RequestedRange {
  readonly start: number;
  readonly end: number;
}

const SINGLE_RANGE = /^bytes=(\d{0,16})-(\d{0,16})$/;

/**
 * The single range that a request asks for; undefined for the whole: no range, several, a form that is not understood,
 * or an If-Range that does not match (RFC 9110, section 14).
 * @throws PlayerError RANGE_UNSATISFIABLE
 */
export function requestedRange(
  { range, ifRange }: { readonly range: string | null; readonly ifRange: string | null },
  file: { readonly bytes: number; readonly etag: string },
): RequestedRange | undefined {
  if (range === null || (ifRange !== null && ifRange !== file.etag)) return undefined;
  const [, first = '', last = ''] = SINGLE_RANGE.exec(range.replaceAll(' ', '')) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), file.bytes);
    if (length === 0) throw unsatisfiable(file.bytes);
    return { start: file.bytes - length, end: file.bytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= file.bytes) throw unsatisfiable(file.bytes);
  return { start, end: last === '' ? file.bytes : Math.min(Number(last) + 1, file.bytes) };
}

function unsatisfiable(bytes: number): PlayerError {
  return new PlayerError('RANGE_UNSATISFIABLE', 'The range lies outside of the file.', {
    values: { bytes },
    remedy: `Ask for bytes between 0 and ${Math.max(0, bytes - 1)}.`,
  });
}
