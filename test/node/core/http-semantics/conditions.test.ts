import { expect } from 'chai';
import fc from 'fast-check';

import { evaluateConditions, rangeApplies } from '../../../../node/core/http-semantics/conditions.ts';

const ETAG = '"bafy,1"';
const RUNS = 100_000;

function outcome(ifMatch: string | undefined, ifNoneMatch: string | undefined, etag = ETAG): string {
  return evaluateConditions({ ifMatch, ifNoneMatch }, etag);
}

describe('Conditions of requests (RFC 9110, section 13)', () => {
  it('compare If-None-Match weakly, with lists and tags that hold commas', () => {
    for (const field of [
      ETAG,
      `W/${ETAG}`,
      '*',
      ' * ',
      `"a", W/"b" ,${ETAG}`,
      `, ,${ETAG}`,
      `"x",,${ETAG}`,
    ]) {
      expect(outcome(undefined, field), field).to.equal('not-modified');
    }
    for (const field of [
      '"bafy',
      'bafy,1',
      '"bafy"',
      '"other"',
      '',
      'W/',
      `"a" ${ETAG}`,
      `nonsense, ${ETAG}`,
    ]) {
      expect(outcome(undefined, field), field).to.equal('send');
    }
  });

  it('compare If-Match strongly', () => {
    expect(outcome(ETAG, undefined)).to.equal('send');
    expect(outcome('*', undefined)).to.equal('send');
    expect(outcome(`W/${ETAG}`, undefined)).to.equal('failed');
    expect(outcome('"other"', undefined)).to.equal('failed');
    expect(outcome('W/"a"', undefined, 'W/"a"')).to.equal('failed');
  });

  it('take If-Match before If-None-Match', () => {
    expect(outcome('"other"', ETAG)).to.equal('failed');
    expect(outcome(ETAG, ETAG)).to.equal('not-modified');
    expect(outcome(ETAG, '"other"')).to.equal('send');
  });

  it('let a range apply only to the very version, never to a date or a weak tag', () => {
    expect(rangeApplies(undefined, ETAG)).to.equal(true);
    expect(rangeApplies(ETAG, ETAG)).to.equal(true);
    expect(rangeApplies(`W/${ETAG}`, ETAG)).to.equal(false);
    expect(rangeApplies('W/"a"', 'W/"a"')).to.equal(false);
    expect(rangeApplies('Sat, 21 Nov 2026 12:00:00 GMT', ETAG)).to.equal(false);
  });

  it('answer any text, and find a tag in any list that holds it', function () {
    this.timeout(120_000);
    const text = fc.string({ unit: fc.constantFrom(...'W/"ab,* \t\u0100'), maxLength: 40 });
    fc.assert(
      fc.property(text, text, (a, b) => ['send', 'failed', 'not-modified'].includes(outcome(a, b))),
      { numRuns: RUNS },
    );
    const tag = fc.string({ unit: fc.constantFrom(...'abc,/='), maxLength: 8 }).map((each) => `"${each}"`);
    const list = fc.tuple(
      fc.array(tag, { maxLength: 5 }),
      fc.array(tag, { maxLength: 5 }),
      tag,
      fc.constantFrom(',', ' , ', ',,\t'),
    );
    fc.assert(
      fc.property(list, ([before, after, wanted, comma]) => {
        const field = [...before, wanted, ...after].join(comma);
        return (
          outcome(undefined, field, wanted) === 'not-modified' && outcome(field, undefined, wanted) === 'send'
        );
      }),
      { numRuns: 10_000 },
    );
  });
});
