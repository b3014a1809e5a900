import { expect } from 'chai';

import { massFailure } from '../../scripts/simulator/scenarios/mass-failure.ts';
import { runSmall } from './small-scenario.ts';

describe('simulation: many nodes die at one instant', function () {
  this.timeout(60_000);

  it('answers lookups right at once, heals tables and restores replicas when 30 % die', async () => {
    const { measured, violations } = await runSmall(massFailure, {
      nodes: 60,
      values: { keys: 400, lookups: 200 },
    });
    expect(violations).to.deep.equal([]);
    expect(measured).to.include({ dead: 18, undetected: 0, falseFailures: 0, lostRecords: 0 });
    expect(measured['lookups']).to.be.greaterThan(900);
  });

  it('gets over the death of a whole arc: what nobody holds is stored again by its provider', async () => {
    const { measured, violations } = await runSmall(massFailure, {
      nodes: 60,
      values: { keys: 400, lookups: 100, victims: 'arc', dead: 0.2 },
    });
    expect(violations).to.deep.equal([]);
    expect(measured['keysWithoutHolder']).to.be.greaterThan(0);
    expect(measured['lostRecords']).to.equal(0);
  });

  it('is the same again for the same seed', async () => {
    const run = { nodes: 40, seed: 7, values: { keys: 100, lookups: 50 } };
    const [first, second] = [await runSmall(massFailure, run), await runSmall(massFailure, run)];
    expect(first.measured).to.deep.equal(second.measured);
  });
});
