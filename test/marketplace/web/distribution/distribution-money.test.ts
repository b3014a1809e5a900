import { expect } from 'chai';
import fc from 'fast-check';

import { equalShares } from '../../../../marketplace/web/distribution/equal-shares.ts';
import { runwayAlarm } from '../../../../marketplace/web/distribution/runway-alarm.ts';

const wei = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n });

describe('money of a distribution', () => {
  it('divides an amount so that the shares are the amount and differ by less than their number', () => {
    fc.assert(
      fc.property(wei, fc.integer({ min: 1, max: 64 }), (amount, count) => {
        const shares = equalShares(amount, count);
        expect(shares).to.have.length(count);
        expect(shares.reduce((sum, share) => sum + share, 0n)).to.equal(amount);
        const [first = 0n] = shares;
        for (const share of shares) expect(first - share < BigInt(count) && first >= share).to.equal(true);
      }),
    );
    expect(equalShares(5n, 0)).to.deep.equal([]);
  });

  it('warns below a day and when nothing is left, of a distribution that is open', () => {
    expect(runwayAlarm('open', 90_000, 1n)).to.equal('none');
    expect(runwayAlarm('open', null, 1n)).to.equal('none');
    expect(runwayAlarm('open', 86_399, 1n)).to.equal('short');
    expect(runwayAlarm('open', null, 0n)).to.equal('empty');
    expect(runwayAlarm('closing', 0, 0n)).to.equal('none');
  });
});
