import { expect } from 'chai';

import { median, percentile, rising } from '../../../scripts/measuring/percentile.ts';

describe('percentiles of simulations and benchmarks', () => {
  const samples = [5, 1, 4, 2, 3];

  it('are taken by nearest rank', () => {
    expect(median(samples)).to.equal(3);
    expect(percentile(rising(samples), 0.99)).to.equal(5);
    expect(percentile(rising(samples), 0.2)).to.equal(1);
    expect(percentile(rising(samples), 0)).to.equal(1);
  });

  it('of nothing are not a number', () => {
    expect(percentile([], 0.5)).to.be.NaN;
    expect(median([])).to.be.NaN;
  });

  it('leave the samples in their order', () => {
    rising(samples);
    expect(samples).to.deep.equal([5, 1, 4, 2, 3]);
  });
});
