import { expect } from 'chai';
import fc from 'fast-check';

import {
  rangeRequestHeaders,
  requireBlockAnswer,
  requireRangeAnswer,
  retryAfterMs,
  type AnswerHead,
  type FileVersion,
} from '../../../../node/core/origin/range-answer.ts';
import { OriginError } from '../../../../node/core/origin/origin-error.ts';
import { MAX_REST_MS } from '../../../../node/core/origin/origin-limits.ts';

const VERSION: FileVersion = {
  bytes: 1_000,
  etag: '"v1"',
  lastModified: 'Sat, 21 Nov 2026 10:00:00 GMT',
};
const RANGE = { start: 100, end: 300 };
const GOOD = { 'content-range': 'bytes 100-299/1000', 'content-length': '200', etag: '"v1"' };

function head(status: number, headers: Readonly<Record<string, string>>): AnswerHead {
  return { status, header: (name) => headers[name] };
}

function codeOf(status: number, headers: Readonly<Record<string, string>>, range = RANGE): string {
  try {
    requireRangeAnswer(head(status, headers), range, VERSION);
    return 'taken';
  } catch (error) {
    if (error instanceof OriginError) return error.code;
    throw error;
  }
}

describe('The answer of an origin to a request for a range', () => {
  it('is taken if it is the range of the published version', () => {
    expect(codeOf(206, GOOD)).to.equal('taken');
    expect(codeOf(206, { ...GOOD, etag: 'W/"v1"' })).to.equal('taken');
    expect(codeOf(206, { 'content-range': 'bytes 100-299/*' })).to.equal('taken');
    expect(codeOf(200, { 'content-length': '1000' }, { start: 0, end: 1_000 })).to.equal('taken');
  });

  it('is of a changed file if length, ETag, date or a precondition say so', () => {
    expect(codeOf(206, { ...GOOD, etag: '"v2"' })).to.equal('ORIGIN_CHANGED');
    expect(codeOf(206, { ...GOOD, 'content-range': 'bytes 100-299/1001' })).to.equal('ORIGIN_CHANGED');
    expect(codeOf(412, {})).to.equal('ORIGIN_CHANGED');
    expect(codeOf(416, { 'content-range': 'bytes */50' })).to.equal('ORIGIN_CHANGED');
    expect(codeOf(200, { 'content-length': '999' })).to.equal('ORIGIN_CHANGED');
    const dated = {
      'content-range': GOOD['content-range'],
      'last-modified': 'Sun, 22 Nov 2026 10:00:00 GMT',
    };
    expect(codeOf(206, dated)).to.equal('ORIGIN_CHANGED');
  });

  it('is refused with a code of its own for every other lie', () => {
    expect(codeOf(200, { 'content-length': '1000' })).to.equal('ORIGIN_RANGE_IGNORED');
    expect(codeOf(206, { ...GOOD, 'content-range': 'bytes 0-199/1000' })).to.equal('ORIGIN_RANGE_WRONG');
    expect(codeOf(206, { ...GOOD, 'content-range': 'bytes 100-250/1000' })).to.equal('ORIGIN_RANGE_WRONG');
    expect(codeOf(206, { 'content-type': 'multipart/byteranges; boundary=x' })).to.equal(
      'ORIGIN_RANGE_WRONG',
    );
    expect(codeOf(416, { 'content-range': 'bytes */1000' })).to.equal('ORIGIN_RANGE_WRONG');
    expect(codeOf(206, { ...GOOD, 'content-length': '201' })).to.equal('ORIGIN_LENGTH_WRONG');
    expect(codeOf(206, { ...GOOD, 'content-encoding': 'gzip' })).to.equal('ORIGIN_ENCODED');
    for (const status of [204, 304, 401, 404, 429, 500, 503]) {
      expect(codeOf(status, {}), String(status)).to.equal('ORIGIN_STATUS');
    }
  });

  it('is never taken for another range, total or length than was asked for', () => {
    const number = fc.nat(1_200);
    fc.assert(
      fc.property(number, number, number, number, (first, last, total, length) => {
        const headers = {
          'content-range': `bytes ${first}-${last}/${total}`,
          'content-length': String(length),
        };
        const right = first === 100 && last === 299 && total === 1_000 && length === 200;
        expect(codeOf(206, headers) === 'taken').to.equal(right);
      }),
      { numRuns: 5_000 },
    );
  });

  it('never throws anything but a coded error, whatever the headers hold', () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'content-range',
        'content-length',
        'etag',
        'last-modified',
        'content-encoding',
        'retry-after',
      ),
      fc.string({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), headers, (status, given) => {
        expect(codeOf(status, given)).to.match(/^(taken|ORIGIN_[A-Z_]+)$/);
        expect(retryAfterMs(head(status, given))).to.be.within(0, MAX_REST_MS);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('A request for a range', () => {
  it('names the version, and accepts no encoding', () => {
    expect(rangeRequestHeaders(RANGE, VERSION)).to.deep.equal({
      range: 'bytes=100-299',
      'accept-encoding': 'identity',
      'if-match': '"v1"',
    });
    expect(rangeRequestHeaders(RANGE, { ...VERSION, etag: 'W/"v1"' })).to.deep.equal({
      range: 'bytes=100-299',
      'accept-encoding': 'identity',
      'if-unmodified-since': VERSION.lastModified,
    });
  });
});

describe('The answer of a trustless gateway', () => {
  it('is taken only with status 200, no encoding and a length that a block may have', () => {
    requireBlockAnswer(head(200, { 'content-length': '10' }), 10);
    const refusals: [number, Record<string, string>, string][] = [
      [200, { 'content-length': '11' }, 'ORIGIN_LENGTH_WRONG'],
      [200, { 'content-encoding': 'br' }, 'ORIGIN_ENCODED'],
      [404, {}, 'ORIGIN_STATUS'],
    ];
    for (const [status, headers, code] of refusals) {
      expect(() => requireBlockAnswer(head(status, headers), 10))
        .to.throw()
        .with.property('code', code);
    }
  });
});
