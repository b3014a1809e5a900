import { expect } from 'chai';
import fc from 'fast-check';

import { billableBytes, cumulativeWei } from '../../../marketplace/coordinator/earned-bytes.ts';

const GIB = 2n ** 30n;

describe('earned bytes', () => {
  it('counts an epoch by one route: claimed epochs by the claim, the others by receipts', () => {
    const byEpoch = [
      { epoch: 4, bytes: 10n },
      { epoch: 5, bytes: 20n },
      { epoch: 6, bytes: 30n },
      { epoch: 7, bytes: 40n },
    ];
    expect(billableBytes(byEpoch, [])).to.equal(100n);
    expect(billableBytes(byEpoch, [{ afterEpoch: 4, toEpoch: 6, bytesTotal: 7n }])).to.equal(57n);
  });

  it('pays the floor of the price of the sum, never above the allocation, never below the last voucher', () => {
    const allocation = { ratePerGiB: 3n, paidWei: 10n, balanceWei: 5n, lockedWei: 0n };
    expect(cumulativeWei(4n * GIB - 1n, allocation, 0n)).to.equal(11n);
    expect(cumulativeWei(400n * GIB, allocation, 0n)).to.equal(15n);
    expect(cumulativeWei(0n, allocation, 12n)).to.equal(12n);
    expect(cumulativeWei(400n * GIB, { ...allocation, lockedWei: 4n }, 0n)).to.equal(19n);
  });

  it('never falls as receipts come in', () => {
    const sizes = fc.array(fc.bigInt(0n, 2n ** 40n), { maxLength: 30 });
    const wei = fc.bigInt(0n, 10n ** 20n);
    fc.assert(
      fc.property(sizes, wei, wei, fc.bigInt(1n, 10n ** 18n), (receipts, paidWei, balanceWei, ratePerGiB) => {
        let bytes = 0n;
        let previous = 0n;
        for (const size of receipts) {
          bytes += size;
          const next = cumulativeWei(bytes, { paidWei, balanceWei, lockedWei: 0n, ratePerGiB }, previous);
          expect(next >= previous && next <= paidWei + balanceWei).to.equal(true);
          previous = next;
        }
      }),
    );
  });
});
