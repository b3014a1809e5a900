import type { ByteSpan } from './byte-ranges.ts';
import { HttpRequestError } from './http-request-error.ts';
import { queryInvalid } from './query.ts';

/** entity-bytes=from:to (trustless gateway specification). Negative numbers count from the end of the file. */
export interface EntityBytes {
  readonly from: number;
  /** Undefined for `*`, the end of the file. */
  readonly to: number | undefined;
}

const ENTITY_BYTES = /^(-?\d{1,16}):(-?\d{1,16}|\*)$/;

/** @throws HttpRequestError QUERY_INVALID */
export function parseEntityBytes(text: string): EntityBytes {
  const match = ENTITY_BYTES.exec(text);
  const [, from = '', to = ''] = match ?? [];
  // -0 is 0: what is counted from the end begins with -1.
  const entity = { from: Number(from) + 0, to: to === '*' ? undefined : Number(to) + 0 };
  const forwards = entity.to === undefined || entity.from < 0 || entity.to < 0 || entity.from <= entity.to;
  if (match === null || !forwards) {
    throw queryInvalid('entity-bytes is no range', { entityBytes: text.slice(0, 64) });
  }
  return entity;
}

/**
 * The bytes of a file that are meant, cut off where the file begins and ends; undefined for a range of no
 * bytes, which asks for the root block only.
 * @throws HttpRequestError ENTITY_BYTES_OUTSIDE if the range begins behind or ends before the file
 */
export function resolveEntityBytes({ from, to }: EntityBytes, size: number): ByteSpan | undefined {
  if (size === 0) return undefined;
  const start = from < 0 ? size + from : from;
  const end = to === undefined ? size - 1 : to < 0 ? size + to : to;
  if (start >= size || (start <= end && end < 0)) {
    throw new HttpRequestError('ENTITY_BYTES_OUTSIDE', 'The range of entity-bytes lies outside the file.', {
      values: { sizeBytes: size },
      remedy: `Ask for bytes between 0 and ${size - 1}.`,
    });
  }
  if (start > end) return undefined;
  return { start: Math.max(0, start), end: Math.min(end, size - 1) };
}
