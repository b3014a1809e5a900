import { expect } from 'chai';

import { ATTACKS } from '../../scripts/simulator/fuzz/fuzz-run.ts';
import { fuzz } from '../../scripts/simulator/scenarios/fuzz.ts';
import { runSmall } from './small-scenario.ts';

const MESSAGES = 20_000;
const REAL_MESSAGES = 100;

describe('simulation: hostile messages', function () {
  this.timeout(120_000);

  it('are never accepted, never passed on, never crash a member and leave nothing in memory', async () => {
    const { measured, violations } = await runSmall(fuzz, {
      nodes: 10,
      values: { messages: MESSAGES, ed25519: REAL_MESSAGES },
    });
    expect(violations).to.deep.equal([]);
    expect(measured).to.include({ tried: MESSAGES + REAL_MESSAGES, accepted: 0, crashes: 0 });
    expect(measured['lookupsRight']).to.equal(measured['lookups']);
    expect(measured['byKind']).to.have.all.keys(...Object.keys(ATTACKS));
  });
});
