import { expect } from 'chai';
import fc from 'fast-check';

import { Absences } from '../../../../node/core/storage/absences.ts';
import { SearchBudget } from '../../../../node/core/storage/search-budget.ts';

describe('Absences', () => {
  it('remembers for as long as it was told', () => {
    const absences = new Absences();
    absences.note('a', { forMs: 1_000, nowMs: 5_000 });
    expect([4_999, 5_000, 5_999, 6_000].map((nowMs) => absences.leftMs('a', nowMs))).to.deep.equal([
      1_001, 1_000, 1, 0,
    ]);
    expect(absences.size).to.equal(0);
  });

  it('forgets what a content that changed may bring: its own, and what was looked for in nothing in particular', () => {
    const absences = new Absences();
    absences.note('in x', { content: 'x', forMs: 1_000, nowMs: 0 });
    absences.note('in y', { content: 'y', forMs: 1_000, nowMs: 0 });
    absences.note('anywhere', { forMs: 1_000, nowMs: 0 });
    absences.contentChanged('x');
    expect(['in x', 'in y', 'anywhere'].map((name) => absences.leftMs(name, 0))).to.deep.equal([0, 1_000, 0]);
  });

  it('forgets the oldest beyond its bound', () => {
    const absences = new Absences({ max: 3 });
    for (const name of ['a', 'b', 'c', 'a', 'd']) absences.note(name, { forMs: 1_000, nowMs: 0 });
    expect(['a', 'b', 'c', 'd'].map((name) => absences.leftMs(name, 0))).to.deep.equal([
      1_000, 0, 1_000, 1_000,
    ]);
  });
});

describe('SearchBudget', () => {
  const options = { burst: 4, perSecond: 2, maxPurposes: 2 };

  it('lets a burst be in vain, then so many a second', () => {
    const budget = new SearchBudget(options);
    const granted = (nowMs: number): number => {
      let count = 0;
      while (budget.take('p', nowMs) !== undefined) count += 1;
      return count;
    };
    expect([0, 0, 1_000, 1_400, 1_500, 100_000].map(granted)).to.deep.equal([4, 0, 2, 0, 1, 4]);
  });

  it('charges nothing for what was found', () => {
    const budget = new SearchBudget(options);
    for (let i = 0; i < 100; i++) {
      const leave = budget.take('p', 0);
      expect(leave).to.not.equal(undefined);
      leave?.found();
      leave?.found();
    }
  });

  it('gives each purpose its own searches', () => {
    const budget = new SearchBudget(options);
    for (let i = 0; i < 4; i++) budget.take('p', 0);
    expect(budget.take('p', 0)).to.equal(undefined);
    expect(budget.take('q', 0)).to.not.equal(undefined);
  });

  it('never lets more be in vain than burst and rate allow', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3_000 }), { maxLength: 100 }), (pausesMs) => {
        const budget = new SearchBudget(options);
        let nowMs = 0;
        let vain = 0;
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs;
          if (budget.take('p', nowMs) !== undefined) vain += 1;
          expect(vain).to.be.at.most(options.burst + (nowMs * options.perSecond) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
