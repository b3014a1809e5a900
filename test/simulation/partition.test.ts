import { expect } from 'chai';

import { partition } from '../../scripts/simulator/scenarios/partition.ts';
import { runSmall } from './small-scenario.ts';

const values = { keys: 150, lookups: 50, minutes: 2 };

describe('simulation: the network splits and heals', function () {
  this.timeout(60_000);

  for (const sides of ['random', 'region']) {
    it(`two rings become one within 20 s and lose no record, sides by ${sides}`, async () => {
      const { measured, violations } = await runSmall(partition, { nodes: 50, values: { ...values, sides } });
      expect(violations).to.deep.equal([]);
      expect(measured).to.include({ keys: 300, lostRecords: 0, lookupsRightAfter: 1 });
      expect(measured['sidesSettledMs']).to.be.lessThan(30_000);
    });
  }

  it('also when one side still heard the other', async () => {
    const { measured, violations } = await runSmall(partition, {
      nodes: 50,
      values: { ...values, oneWay: 'yes' },
    });
    expect(violations).to.deep.equal([]);
    expect(measured['lostRecords']).to.equal(0);
  });
});
