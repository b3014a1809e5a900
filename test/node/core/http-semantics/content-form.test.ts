import { expect } from 'chai';
import fc from 'fast-check';

import {
  carContentType,
  contentForm,
  type CarForm,
} from '../../../../node/core/http-semantics/content-form.ts';
import { parseEntityBytes, resolveEntityBytes } from '../../../../node/core/http-semantics/entity-bytes.ts';
import { HttpRequestError } from '../../../../node/core/http-semantics/http-request-error.ts';

const RUNS = 100_000;
const CAR: CarForm = { kind: 'car', scope: 'all', entityBytes: undefined, duplicates: false };

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof HttpRequestError) return error.code;
    throw error;
  }
  return undefined;
}

describe('The form in which content is asked for', () => {
  it('is the file unless a block or a CAR is asked for', () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    for (const accept of [undefined, '*/*', browser, 'image/png', '', 'nonsense', 'video/*;q=0.1']) {
      expect(contentForm('', accept), accept).to.deep.equal({ kind: 'file' });
    }
    expect(contentForm('filename=a&download=true', undefined)).to.deep.equal({ kind: 'file' });
  });

  it('is negotiated by weight, and format= comes before Accept', () => {
    const raw = 'application/vnd.ipld.raw';
    expect(contentForm('', raw)).to.deep.equal({ kind: 'raw' });
    expect(contentForm('', `${raw};q=0.5, text/html`)).to.deep.equal({ kind: 'file' });
    expect(contentForm('', `Application/vnd.ipld.CAR, ${raw};q=0.9`)).to.deep.equal(CAR);
    expect(contentForm('', `${raw};q=0, */*`)).to.deep.equal({ kind: 'file' });
    expect(contentForm('format=car', raw)).to.deep.equal(CAR);
    expect(contentForm('format=raw', 'application/vnd.ipld.car')).to.deep.equal({ kind: 'raw' });
    expect(contentForm('a=b&format=raw', undefined)).to.deep.equal({ kind: 'raw' });
  });

  it('of a CAR has parameters in the type and in the query, which comes first', () => {
    const car = 'application/vnd.ipld.car; version=1; order=dfs; dups=y';
    expect(contentForm('', car)).to.deep.equal({ ...CAR, duplicates: true });
    expect(contentForm('car-dups=n', car)).to.deep.equal(CAR);
    expect(contentForm('format=car', car)).to.deep.equal({ ...CAR, duplicates: true });
    expect(
      contentForm(
        '',
        'application/vnd.ipld.car;order=foo, application/vnd.ipld.car;order="dfs";dups=y;q=0.5',
      ),
    ).to.deep.equal({ ...CAR, duplicates: true });
    expect(carContentType(CAR)).to.equal('application/vnd.ipld.car; version=1; order=dfs; dups=n');
    expect(contentForm('format=car&dag-scope=block', undefined)).to.deep.equal({ ...CAR, scope: 'block' });
    expect(contentForm('format=car&entity-bytes=0:*', undefined)).to.deep.equal({
      ...CAR,
      scope: 'entity',
      entityBytes: { from: 0, to: undefined },
    });
  });

  it('is refused with a code when it is none that is served', () => {
    const only = (query: string, accept?: string): string | undefined =>
      codeOf(() => contentForm(query, accept));
    expect(only('format=tar')).to.equal('FORMAT_UNSUPPORTED');
    expect(only('', 'application/x-tar')).to.equal('FORMAT_NOT_ACCEPTABLE');
    expect(only('', 'application/vnd.ipfs.ipns-record')).to.equal('FORMAT_NOT_ACCEPTABLE');
    expect(only('', 'application/vnd.ipld.car; version=2')).to.equal('FORMAT_NOT_ACCEPTABLE');
    expect(only('format=car&car-version=2')).to.equal('FORMAT_NOT_ACCEPTABLE');
    expect(only('format=car&car-dups=maybe')).to.equal('FORMAT_NOT_ACCEPTABLE');
    expect(only('format=car&dag-scope=some')).to.equal('QUERY_INVALID');
    expect(only('format=car&entity-bytes=5')).to.equal('QUERY_INVALID');
    expect(only('format=%ff')).to.equal('QUERY_INVALID');
    expect(only('a&'.repeat(40))).to.equal('QUERY_INVALID');
  });

  it('is a form or a coded refusal for any text', function () {
    this.timeout(120_000);
    const word = fc.constantFrom(
      'format',
      '=',
      '&',
      'car',
      'raw',
      'dag-scope',
      'entity-bytes',
      'all',
      '0:*',
      '-1:5',
      '%',
      '%41',
      '+',
      ';',
      ',',
      'application/vnd.ipld.car',
      'application/vnd.ipld.raw',
      '*/*',
      'q=0.5',
      'dups=y',
      '"',
      '\\',
      ' ',
      'order=',
    );
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(''));
    fc.assert(
      fc.property(text, text, (query, accept) => {
        const code = codeOf(() => contentForm(query, accept));
        return code === undefined || /^[A-Z_]+$/.test(code);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('entity-bytes', () => {
  const spanOf = (text: string, size: number) => resolveEntityBytes(parseEntityBytes(text), size);

  it('names bytes from either end', () => {
    expect(spanOf('0:*', 100)).to.deep.equal({ start: 0, end: 99 });
    expect(spanOf('10:19', 100)).to.deep.equal({ start: 10, end: 19 });
    expect(spanOf('-10:*', 100)).to.deep.equal({ start: 90, end: 99 });
    expect(spanOf('10:-11', 100)).to.deep.equal({ start: 10, end: 89 });
    expect(spanOf('50:5000', 100)).to.deep.equal({ start: 50, end: 99 });
    expect(spanOf('-5000:10', 100)).to.deep.equal({ start: 0, end: 10 });
  });

  it('may be a range of no bytes', () => {
    expect(spanOf('60:-60', 100)).to.equal(undefined);
    expect(spanOf('0:*', 0)).to.equal(undefined);
  });

  it('is refused when it is no range, or lies outside', () => {
    for (const text of ['', '5', '5:', ':5', '5:1', 'a:b', '*:5', '1:2:3', '1e3:*', '--1:*']) {
      expect(
        codeOf(() => parseEntityBytes(text)),
        text,
      ).to.equal('QUERY_INVALID');
    }
    for (const text of ['100:*', '500:600', '-300:-200']) {
      expect(
        codeOf(() => spanOf(text, 100)),
        text,
      ).to.equal('ENTITY_BYTES_OUTSIDE');
    }
  });

  it('resolves to bytes of the file for any numbers', function () {
    this.timeout(120_000);
    const bound = fc.integer({ min: -300, max: 300 });
    fc.assert(
      fc.property(bound, fc.oneof(bound.map(String), fc.constant('*')), fc.nat(200), (from, to, size) => {
        try {
          const span = spanOf(`${from}:${to}`, size);
          return span === undefined || (span.start >= 0 && span.start <= span.end && span.end < size);
        } catch (error) {
          return error instanceof HttpRequestError;
        }
      }),
      { numRuns: RUNS },
    );
  });
});
