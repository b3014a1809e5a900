import { expect } from 'chai';
import fc from 'fast-check';

import { OriginBreaker } from '../../../../node/core/origin/origin-breaker.ts';
import {
  FAULTS_BEFORE_REST,
  FIRST_REST_AFTER_WRONG_MS,
  FIRST_REST_MS,
  MAX_REST_MS,
} from '../../../../node/core/origin/origin-limits.ts';

const NO_SPREAD = (): number => 0;

describe('An origin that fails', () => {
  it('rests after some failures in a row, then one request tries, and success ends it', () => {
    const breaker = new OriginBreaker(NO_SPREAD);
    for (let i = 1; i < FAULTS_BEFORE_REST; i++) {
      breaker.failed({ code: 'ORIGIN_TIMEOUT', nowMs: 0 });
      expect(breaker.waitMs(0)).to.equal(0);
    }
    breaker.failed({ code: 'ORIGIN_TIMEOUT', nowMs: 0 });
    expect(breaker.waitMs(0)).to.equal(FIRST_REST_MS);
    expect(breaker.waitMs(FIRST_REST_MS)).to.equal(0);
    breaker.begin();
    expect(breaker.waitMs(FIRST_REST_MS)).to.be.greaterThan(0);
    breaker.succeeded();
    expect(breaker.waitMs(FIRST_REST_MS)).to.equal(0);
  });

  it('rests twice as long each time it fails again, up to the bound', () => {
    const breaker = new OriginBreaker(NO_SPREAD);
    let nowMs = 0;
    for (let i = 0; i < FAULTS_BEFORE_REST; i++) breaker.failed({ code: 'ORIGIN_UNREACHABLE', nowMs });
    for (let round = 1; round < 20; round++) {
      nowMs += breaker.waitMs(nowMs);
      breaker.begin();
      breaker.failed({ code: 'ORIGIN_UNREACHABLE', nowMs });
      expect(breaker.waitMs(nowMs)).to.equal(Math.min(FIRST_REST_MS * 2 ** round, MAX_REST_MS));
    }
  });

  it('rests at once if its bytes are wrong, or if it asks to', () => {
    const wrong = new OriginBreaker(NO_SPREAD);
    wrong.failed({ code: 'ORIGIN_CHANGED', nowMs: 5 });
    expect(wrong.waitMs(5)).to.equal(FIRST_REST_AFTER_WRONG_MS);
    const busy = new OriginBreaker(NO_SPREAD);
    busy.failed({ code: 'ORIGIN_STATUS', nowMs: 5, retryAfterMs: 40_000 });
    expect(busy.waitMs(5)).to.equal(40_000);
  });

  it('lets the next one try when a trial was withdrawn', () => {
    const breaker = new OriginBreaker(NO_SPREAD);
    breaker.failed({ code: 'ORIGIN_CHANGED', nowMs: 0 });
    breaker.begin();
    breaker.withdrawn();
    expect(breaker.waitMs(FIRST_REST_AFTER_WRONG_MS)).to.equal(0);
  });

  it('is never left alone for longer than the bound, whatever happens', () => {
    const step = fc.record({
      event: fc.constantFrom('failed', 'succeeded', 'withdrawn', 'begin'),
      code: fc.constantFrom('ORIGIN_TIMEOUT', 'ORIGIN_CHANGED', 'ORIGIN_STATUS', 'ORIGIN_LENGTH_WRONG'),
      waitMs: fc.nat(400_000),
      retryAfterMs: fc.nat(MAX_REST_MS),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let random = 0;
        let nowMs = 0;
        const breaker = new OriginBreaker(() => random);
        for (const { event, code, waitMs, retryAfterMs, ...drawn } of steps) {
          random = drawn.random;
          nowMs += waitMs;
          if (event === 'failed') breaker.failed({ code, nowMs, retryAfterMs });
          else if (event !== 'begin') breaker[event]();
          else if (breaker.waitMs(nowMs) === 0) breaker.begin();
          expect(breaker.waitMs(nowMs)).to.be.within(0, MAX_REST_MS);
        }
        // However it was left: a trial that ends frees the way.
        breaker.withdrawn();
        expect(breaker.waitMs(nowMs + MAX_REST_MS)).to.equal(0);
      }),
    );
  });
});
