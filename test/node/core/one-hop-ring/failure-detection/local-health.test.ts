import { expect } from 'chai';

import { LocalHealth } from '../../../../../node/core/one-hop-ring/failure-detection/local-health.ts';

describe('self-distrust of a node', () => {
  it('doubles its patience at most, and regains trust with every answer', () => {
    const health = new LocalHealth();
    expect(health.patience).to.equal(1);
    for (let i = 0; i < 5; i++) health.wokenLate();
    expect(health.patience).to.equal(2);
    health.answered();
    expect(health.patience).to.equal(1.75);
    for (let i = 0; i < 5; i++) health.answered();
    expect(health.patience).to.equal(1);
    health.askedInVain();
    expect(health.patience).to.equal(1.25);
  });
});
