import { expect } from 'chai';
import fc from 'fast-check';

import { dealSums } from '../../../../marketplace/web/market-data/deal-sums.ts';

const wei = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n });

describe('sums of a deal', () => {
  it('add up to the deposit, and show by how much they do not', () => {
    const allocations = fc.array(fc.record({ paidWei: wei, balanceWei: wei, lockedWei: wei }), {
      maxLength: 8,
    });
    const pools = fc.option(fc.record({ claimedWei: wei, remainingWei: wei }), { nil: null });
    fc.assert(
      fc.property(allocations, pools, wei, wei, (rows, pool, freeWei, withdrawnWei) => {
        const ofNodes = rows.reduce((sum, row) => sum + row.paidWei + row.balanceWei + row.lockedWei, 0n);
        const fundedWei = pool === null ? 0n : pool.claimedWei + pool.remainingWei;
        const peerPool = pool === null ? null : { fundedWei, claimedWei: pool.claimedWei };
        const depositedWei = ofNodes + fundedWei + freeWei + withdrawnWei;
        const parts = { withdrawnWei, freeWei, allocations: rows, peerPool };
        const { differenceWei, ...sums } = dealSums({ ...parts, depositedWei });
        expect(differenceWei).to.equal(0n);
        expect(Object.values(sums).reduce((sum, part) => sum + part, 0n)).to.equal(depositedWei);
        expect(dealSums({ ...parts, depositedWei: depositedWei + 1n }).differenceWei).to.equal(1n);
      }),
    );
  });

  it('put what is locked in a claim with what is held, and what peers claimed with what is paid', () => {
    const allocations = [
      { paidWei: 7n, balanceWei: 11n, lockedWei: 2n },
      { paidWei: 3n, balanceWei: 10n, lockedWei: 0n },
    ];
    const peerPool = { fundedWei: 47n, claimedWei: 7n };
    expect(
      dealSums({ depositedWei: 100n, withdrawnWei: 15n, freeWei: 5n, allocations, peerPool }),
    ).to.deep.equal({
      ...{ paidWei: 17n, heldForNodesWei: 23n, heldForPeersWei: 40n },
      ...{ freeWei: 5n, withdrawnWei: 15n, differenceWei: 0n },
    });
  });
});
