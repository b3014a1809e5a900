import type { IncomingMessage } from 'node:http';

import { GatewayError } from './gateway-error.ts';

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const SINGLE_RANGE = /^bytes=(\d{0,16})-(\d{0,16})$/;

/**
 * The single range that is asked for, or undefined for the whole: no range, several ranges, a form that is
 * not understood, or an If-Range that does not match (RFC 9110, section 14).
 * @throws GatewayError RANGE_UNSATISFIABLE (416)
 */
export function requestedRange(request: IncomingMessage, size: number, etag: string): ByteRange | undefined {
  const header = request.headers.range;
  const condition = request.headers['if-range'];
  if (header === undefined || (condition !== undefined && condition !== etag)) return undefined;
  const match = SINGLE_RANGE.exec(header.replaceAll(' ', ''));
  const [, first = '', last = ''] = match ?? [];
  const backwards = first !== '' && last !== '' && Number(last) < Number(first);
  if (match === null || (first === '' && last === '') || backwards) return undefined;
  const range = first === '' ? suffix(Number(last), size) : bounded(Number(first), last, size);
  if (range === undefined) {
    throw new GatewayError(416, 'RANGE_UNSATISFIABLE', {
      message: 'The range lies outside the content.',
      values: { sizeBytes: size },
      remedy: `Ask for bytes between 0 and ${Math.max(0, size - 1)}.`,
      headers: { 'content-range': `bytes */${size}` },
    });
  }
  return range;
}

function suffix(length: number, size: number): ByteRange | undefined {
  if (length === 0 || size === 0) return undefined;
  return { start: Math.max(0, size - length), end: size - 1 };
}

function bounded(start: number, last: string, size: number): ByteRange | undefined {
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) return undefined;
  return { start, end };
}
