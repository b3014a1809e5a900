import { expect } from 'chai';

import { stalls } from '../../scripts/simulator/scenarios/stalls.ts';
import { runSmall } from './small-scenario.ts';

describe('simulation: nodes that stop for five seconds', function () {
  this.timeout(60_000);

  it('are not taken for dead, while real deaths are found in time', async () => {
    const { measured, violations } = await runSmall(stalls, {
      nodes: 80,
      values: { duration: 150, stalling: 0.1, deaths: 10 },
    });
    expect(violations).to.deep.equal([]);
    expect(measured).to.include({ falseFailures: 0, deaths: 10, undetected: 0, tablesRight: 1 });
    expect(measured['stalls']).to.be.greaterThan(20);
  });
});
