import { expect } from 'chai';

import { hostile } from '../../scripts/simulator/scenarios/hostile.ts';
import { runSmall } from './small-scenario.ts';

const NODES = 60;
const values = { keys: 200, lookups: 40, announcements: 10 };

describe('simulation: a fifth of the members cheats', function () {
  this.timeout(60_000);

  it('and drops what it should pass on: the tree has holes, one repair round closes them', async () => {
    const { measured, violations } = await runSmall(hostile, { nodes: NODES, values });
    expect(violations).to.deep.equal([]);
    expect(measured).to.include({ hostile: 12, reachedAfterRepair: 1, falseFailures: 0, lostRecords: 0 });
    expect(measured['reachedByTree']).to.be.lessThan(1);
  });

  it('and colludes in pairs: an evicted member is back in every table within seconds', async () => {
    const { measured, violations } = await runSmall(hostile, {
      nodes: NODES,
      values: { ...values, behaviour: 'accuse', accusations: 60 },
    });
    expect(violations).to.deep.equal([]);
    expect(measured['honestMembersEvicted']).to.be.greaterThan(0);
    expect(measured['missingMaxMs']).to.be.lessThan(3_000);
  });

  it('and replays: nobody believes what is over', async () => {
    const { measured, violations } = await runSmall(hostile, {
      nodes: NODES,
      values: { ...values, behaviour: 'replay' },
    });
    expect(violations).to.deep.equal([]);
    expect(measured['hostileMessages']).to.be.greaterThan(100);
    expect(measured).to.include({ falseFailures: 0, lookupsRightShare: 1 });
  });

  it('and forges provider records: a forged answer is none, the other replicas are asked', async () => {
    const { measured } = await runSmall(hostile, { nodes: NODES, values: { ...values, behaviour: 'forge' } });
    expect(measured['lookupsRightWithHonestOwner']).to.equal(1);
    expect(measured['lookupsRightShare']).to.equal(1);
  });
});
