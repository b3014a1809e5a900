import { expect } from 'chai';
import fc from 'fast-check';

import {
  askedRanges,
  contentRange,
  spanLength,
  unsatisfiedRange,
  type ByteSpan,
} from '../../../../node/core/http-semantics/byte-ranges.ts';
import { MAX_RANGES } from '../../../../node/core/http-semantics/http-limits.ts';
import { multipartRanges } from '../../../../node/core/http-semantics/multipart-ranges.ts';

const RUNS = 100_000;

function spansOf(header: string, size: number): readonly ByteSpan[] {
  const asked = askedRanges(header, size);
  if (asked.kind !== 'spans') throw new RangeError(`${header} asks for ${asked.kind}`);
  return asked.spans;
}

describe('Ranges of bytes (RFC 9110, section 14)', () => {
  it('are single, open at the end, or counted from the end', () => {
    expect(spansOf('bytes=0-0', 100)).to.deep.equal([{ start: 0, end: 0 }]);
    expect(spansOf('bytes=90-', 100)).to.deep.equal([{ start: 90, end: 99 }]);
    expect(spansOf('bytes=-10', 100)).to.deep.equal([{ start: 90, end: 99 }]);
    expect(spansOf('bytes=-1000', 100)).to.deep.equal([{ start: 0, end: 99 }]);
    expect(spansOf('BYTES= 5-7 ', 100)).to.deep.equal([{ start: 5, end: 7 }]);
    expect(spansOf('bytes=0-9999999999999999', 100)).to.deep.equal([{ start: 0, end: 99 }]);
  });

  it('may be several, in the order of the request, without those that cannot be satisfied', () => {
    expect(spansOf('bytes=5000-5009, 0-9,, 20000-, -1', 10_000)).to.deep.equal([
      { start: 5000, end: 5009 },
      { start: 0, end: 9 },
      { start: 9999, end: 9999 },
    ]);
  });

  it('are merged where they overlap or where the headers of a part would be longer than the gap', () => {
    expect(spansOf('bytes=0-500,100-200,501-600,700-800', 10_000)).to.deep.equal([{ start: 0, end: 800 }]);
    expect(spansOf('bytes=5000-5100,0-10,5050-6000', 10_000)).to.deep.equal([
      { start: 5000, end: 6000 },
      { start: 0, end: 10 },
    ]);
  });

  it('are ignored when they are malformed, of another unit, or too many', () => {
    const many = Array.from({ length: MAX_RANGES + 1 }, (_, i) => `${i * 1000}-${i * 1000}`).join(',');
    for (const header of [
      'bytes=',
      'bytes=-',
      'bytes=5-1',
      'bytes=a-b',
      'lines=0-1',
      'bytes=0-1;2-3',
      'bytes 0-1',
    ]) {
      expect(askedRanges(header, 100), header).to.deep.equal({ kind: 'whole' });
    }
    expect(askedRanges(`bytes=${many}`, 1_000_000)).to.deep.equal({ kind: 'whole' });
    expect(askedRanges(`bytes=0-1,${' '.repeat(2000)}5-6`, 100)).to.deep.equal({ kind: 'whole' });
  });

  it('cannot be satisfied when all lie outside, of which an empty representation is one case', () => {
    expect(askedRanges('bytes=100-', 100)).to.deep.equal({ kind: 'unsatisfiable' });
    expect(askedRanges('bytes=-0, 200-300', 100)).to.deep.equal({ kind: 'unsatisfiable' });
    expect(askedRanges('bytes=0-', 0)).to.deep.equal({ kind: 'unsatisfiable' });
    expect(unsatisfiedRange(100)).to.equal('bytes */100');
  });

  it('never lie outside, never touch, and cover what was asked: no request amplifies', function () {
    this.timeout(120_000);
    const bound = fc.oneof(fc.nat(300), fc.nat(5000));
    const spec = fc.oneof(
      fc.tuple(bound, bound).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      bound.map((a) => `${a}-`),
      bound.map((a) => `-${a}`),
    );
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), fc.nat(4000), (specs, size) => {
        const asked = askedRanges(`bytes=${specs.join(',')}`, size);
        if (asked.kind !== 'spans') return asked.kind === 'unsatisfiable';
        const sorted = [...asked.spans].sort((a, b) => a.start - b.start);
        const apart = sorted.every(
          ({ start, end }, i) => start <= end && end < size && start > (sorted[i - 1]?.end ?? -1),
        );
        const total = sorted.reduce((sum, span) => sum + spanLength(span), 0);
        const covered = specs.every((each) => {
          const alone = askedRanges(`bytes=${each}`, size);
          if (alone.kind !== 'spans') return true;
          const [wanted] = alone.spans;
          return sorted.some(({ start, end }) => start <= wanted.start && wanted.end <= end);
        });
        return apart && covered && total <= size;
      }),
      { numRuns: RUNS },
    );
  });

  it('of any text are one of three answers', function () {
    this.timeout(120_000);
    const letters = fc.string({ unit: fc.constantFrom(...'0123456789-,= btyesx;*'), maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof(
          letters,
          letters.map((tail) => `bytes=${tail}`),
        ),
        fc.nat(),
        (header, size) => ['whole', 'spans', 'unsatisfiable'].includes(askedRanges(header, size).kind),
      ),
      { numRuns: RUNS },
    );
  });
});

describe('Several ranges in one body (RFC 9110, section 14.6)', () => {
  it('declare the length that the body has, each part with its place', () => {
    const content = { cid: 'bafkrei', size: 1000, contentType: 'video/mp4' };
    const spans = [
      { start: 500, end: 509 },
      { start: 0, end: 4 },
    ];
    const { contentType, contentLength, parts, ending } = multipartRanges(content, spans);
    expect(contentType).to.equal('multipart/byteranges; boundary=bcdn-bafkrei');
    const body = parts.map(({ preamble, span }) => preamble + 'x'.repeat(spanLength(span))).join('') + ending;
    expect(body.length).to.equal(contentLength);
    expect(body).to.equal(
      '--bcdn-bafkrei\r\ncontent-type: video/mp4\r\ncontent-range: bytes 500-509/1000\r\n\r\nxxxxxxxxxx' +
        '\r\n--bcdn-bafkrei\r\ncontent-type: video/mp4\r\ncontent-range: bytes 0-4/1000\r\n\r\nxxxxx' +
        '\r\n--bcdn-bafkrei--\r\n',
    );
    expect(contentRange({ start: 0, end: 4 }, 1000)).to.equal('bytes 0-4/1000');
  });
});
