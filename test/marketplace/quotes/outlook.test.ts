import { expect } from 'chai';
import fc from 'fast-check';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import type { PlannableNode } from '../../../marketplace/quotes/constraints.ts';
import {
  expectedFetchSeconds,
  measuredRate,
  runwaySeconds,
  type MeasuredRate,
} from '../../../marketplace/quotes/outlook.ts';
import type { PlannedNode } from '../../../marketplace/quotes/plan.ts';

const DAY = 86_400;

function planned(number: number): PlannedNode {
  const address = parseAddress(`0x${number.toString(16).padStart(40, '0')}`);
  const node: PlannableNode = {
    ...{ address, region: 'eu-west', endpoints: [], askWeiPerGiB: 1n, active: true, down: false },
    ...{ stakeWei: 0n, operator: address, freeDiskBytes: undefined, uplinkBytesPerSecond: undefined },
    loadBytesPerSecond: 0,
  };
  return { node, ratePerGiB: 1n, amountWei: 1n };
}

describe('outlook of a plan', () => {
  it('measures the median of what grants were receipted at, and guesses nothing without any', () => {
    expect(measuredRate([])).to.equal(undefined);
    expect(measuredRate([{ bytes: 0, seconds: 1 }])).to.equal(undefined);
    const samples = [1, 2, 100].map((bytes) => ({ bytes, seconds: 2 }));
    expect(measuredRate(samples)).to.deep.equal({ bytesPerSecond: 1, samples: 3 });
  });

  it('measures a rate between the slowest and the fastest grant', () => {
    const sample = fc.record({ bytes: fc.integer({ min: 1 }), seconds: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (samples) => {
        const rates = samples.map(({ bytes, seconds }) => bytes / seconds);
        const { bytesPerSecond = -1, samples: count } = measuredRate(samples) ?? {};
        expect(bytesPerSecond).to.be.within(Math.min(...rates), Math.max(...rates));
        expect(count).to.equal(samples.length);
      }),
    );
  });

  it('expects a fetch to take the sum of the measured rates of the planned nodes', () => {
    const nodes = [planned(1), planned(2), planned(3)];
    const rate = (bytesPerSecond: number): MeasuredRate => ({ bytesPerSecond, samples: 1 });
    const rates = new Map([
      [planned(1).node.address, rate(30)],
      [planned(2).node.address, rate(20)],
      [planned(9).node.address, rate(1_000)],
    ]);
    expect(expectedFetchSeconds(100, { nodes }, rates)).to.equal(2);
    expect(expectedFetchSeconds(100, { nodes }, new Map())).to.equal(undefined);
    expect(expectedFetchSeconds(100, { nodes: [] }, rates)).to.equal(undefined);
  });

  it('says how long the deposit lasts, unless nothing is spent or nobody says in which time', () => {
    expect(runwaySeconds({ depositWei: 300n, expectedCostWei: 100n }, 2)).to.equal(6 * DAY);
    expect(runwaySeconds({ depositWei: 300n, expectedCostWei: 100n }, undefined)).to.equal(undefined);
    expect(runwaySeconds({ depositWei: 300n, expectedCostWei: 0n }, 2)).to.equal(undefined);
    expect(runwaySeconds({ depositWei: 10n ** 40n, expectedCostWei: 1n }, 2)).to.equal(undefined);
  });
});
