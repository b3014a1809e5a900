import { expect } from 'chai';
import fc from 'fast-check';

import { equalShares, moneySums, runwayAlarm } from '../../../../marketplace/web/distribution/money-sums.ts';

const wei = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n });

describe('money of a distribution', () => {
  it('adds up to the deposit, and shows by how much it does not', () => {
    const allocations = fc.array(fc.record({ paidWei: wei, balanceWei: wei, lockedWei: wei }), {
      maxLength: 8,
    });
    const pools = fc.option(fc.record({ claimedWei: wei, remainingWei: wei }), { nil: null });
    fc.assert(
      fc.property(allocations, pools, wei, wei, (rows, peerPool, freeWei, withdrawnWei) => {
        const ofNodes = rows.reduce((sum, row) => sum + row.paidWei + row.balanceWei + row.lockedWei, 0n);
        const ofPeers = (peerPool?.claimedWei ?? 0n) + (peerPool?.remainingWei ?? 0n);
        const depositedWei = ofNodes + ofPeers + freeWei + withdrawnWei;
        const sums = moneySums({ depositedWei, withdrawnWei, freeWei, allocations: rows, peerPool });
        expect(sums.differenceWei).to.equal(0n);
        expect(sums.paidWei + sums.heldWei + sums.peerPoolWei + freeWei + withdrawnWei).to.equal(
          depositedWei,
        );
        const wrong = moneySums({
          ...{ depositedWei: depositedWei + 1n, withdrawnWei, freeWei, allocations: rows, peerPool },
        });
        expect(wrong.differenceWei).to.equal(1n);
      }),
    );
  });

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
