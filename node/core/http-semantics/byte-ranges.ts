import { MAX_RANGE_HEADER_LENGTH, MAX_RANGES, MERGE_GAP_BYTES } from './http-limits.ts';

/** Bytes `start` to `end` of a representation, both included. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** What a Range header asks of a representation. */
export type AskedRanges =
  | { readonly kind: 'whole' }
  /** One or more spans that do not touch, each within the representation. */
  | { readonly kind: 'spans'; readonly spans: readonly [ByteSpan, ...ByteSpan[]] }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: AskedRanges = { kind: 'whole' };
const BYTES_UNIT = /^bytes=/i;
const RANGE_SPEC = /^(\d{0,16})-(\d{0,16})$/;

/**
 * The bytes that a Range header asks for (RFC 9110, section 14). A header of another unit, one that is
 * malformed, too long or of too many ranges is ignored: then the whole is sent. Ranges that overlap or lie
 * closer than the headers of a part are merged, so that no request makes the answer longer than the
 * representation and one header for each part.
 * @param size bytes of the representation
 */
export function askedRanges(header: string, size: number): AskedRanges {
  if (header.length > MAX_RANGE_HEADER_LENGTH || !BYTES_UNIT.test(header)) return WHOLE;
  const specs = header.slice('bytes='.length).split(',', MAX_RANGES + 1);
  if (specs.length > MAX_RANGES) return WHOLE;
  const spans: ByteSpan[] = [];
  let satisfiable = true;
  for (const spec of specs.map((each) => each.trim()).filter((each) => each !== '')) {
    const span = spanOf(spec, size);
    if (span === 'malformed') return WHOLE;
    if (span === 'outside') satisfiable = false;
    else spans.push(span);
  }
  const [first, ...rest] = merged(spans);
  if (first !== undefined) return { kind: 'spans', spans: [first, ...rest] };
  return satisfiable ? WHOLE : { kind: 'unsatisfiable' };
}

function spanOf(spec: string, size: number): ByteSpan | 'malformed' | 'outside' {
  const match = RANGE_SPEC.exec(spec);
  if (match === null) return 'malformed';
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return 'malformed';
    const length = Number(last);
    return length === 0 || size === 0 ? 'outside' : { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'malformed';
  if (start >= size) return 'outside';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Joins what overlaps or nearly touches; each result stands where the first of its ranges stood. */
function merged(spans: readonly ByteSpan[]): ByteSpan[] {
  if (spans.length < 2) return [...spans];
  const sorted = spans.map((span, place) => ({ ...span, place })).sort((a, b) => a.start - b.start);
  const groups: { start: number; end: number; place: number }[] = [];
  for (const span of sorted) {
    const group = groups.at(-1);
    if (group === undefined || span.start > group.end + 1 + MERGE_GAP_BYTES) groups.push({ ...span });
    else {
      group.end = Math.max(group.end, span.end);
      group.place = Math.min(group.place, span.place);
    }
  }
  return groups.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

/** Value of Content-Range for a span. */
export function contentRange({ start, end }: ByteSpan, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

/** Value of Content-Range when no range can be satisfied. */
export function unsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}

export function spanLength({ start, end }: ByteSpan): number {
  return end - start + 1;
}
