import { expect } from 'chai';

import { Simulation } from '../../scripts/simulator/engine/simulation.ts';
import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';
import { LimitCheck } from '../../scripts/simulator/oracle/limit-check.ts';

describe('simulation: measured figures held against their limits', () => {
  const simulation = new Simulation({ seed: 1, network: new ConstantDelay(100) });
  const check = (): LimitCheck => new LimitCheck(simulation, { healedMs: 300, share: 0.9, late: Number.NaN });

  it('passes what is at its limit', () => {
    const kept = check();
    kept.atMost('healedMs', 300, 'soon');
    kept.atLeast('share', 0.9, 'many');
    kept.equal('healedMs', 300, 'exactly');
    expect(kept.violations).to.deep.equal([]);
  });

  it('names what is beyond it', () => {
    const broken = check();
    broken.atMost('healedMs', 299, 'soon');
    broken.atLeast('share', 0.95, 'many');
    expect(broken.violations.map(({ invariant, detail }) => `${invariant}: ${detail}`)).to.deep.equal([
      'soon: healedMs is 300, not at most 299',
      'many: share is 0.9, not at least 0.95',
    ]);
  });

  it('takes a figure that never came for a broken limit', () => {
    const broken = check();
    broken.atMost('late', 1, 'it came');
    broken.atLeast('unmeasured', 0, 'it was measured');
    expect(broken.violations).to.have.lengthOf(2);
  });
});
