import { expect } from 'chai';
import fc from 'fast-check';

import {
  epochAt,
  epochEndsAt,
  epochStartsAt,
  lateEpochsOf,
  takesReceipts,
} from '../../../sdk/protocol/epoch.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { LATE_RECEIPT_SECONDS } from '../../../sdk/protocol/limits.ts';
import { bytesAffordable, priceWei } from '../../../sdk/protocol/price.ts';

const amount = fc.bigInt({ min: 0n, max: 1n << 96n });
const rate = fc.bigInt({ min: 1n, max: 1n << 80n });

describe('price', () => {
  it('one GiB costs the rate, nothing costs nothing', () => {
    expect(priceWei(1n << 30n, 7n)).to.equal(7n);
    expect(priceWei(0n, 7n)).to.equal(0n);
    expect(priceWei((1n << 30n) - 1n, 7n)).to.equal(6n);
  });

  it('never falls when bytes are added, and splitting a sum never costs more than the sum', () => {
    fc.assert(
      fc.property(amount, amount, rate, (a, b, perGiB) => {
        const together = priceWei(a + b, perGiB);
        const apart = priceWei(a, perGiB) + priceWei(b, perGiB);
        expect(together >= priceWei(a, perGiB)).to.equal(true);
        expect(together - apart === 0n || together - apart === 1n).to.equal(true);
      }),
    );
  });

  it('affordable bytes are the most whose price fits', () => {
    fc.assert(
      fc.property(amount, rate, (wei, perGiB) => {
        const bytes = bytesAffordable(wei, perGiB);
        expect(priceWei(bytes, perGiB) <= wei).to.equal(true);
        expect(priceWei(bytes + 1n, perGiB) > wei).to.equal(true);
      }),
    );
  });
});

describe('epoch', () => {
  it('holds every second from its start to before its end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: 1, max: 604_800 }),
        (time, seconds) => {
          const epoch = epochAt(time, seconds);
          expect(epochStartsAt(epoch, seconds)).to.be.at.most(time);
          expect(epochEndsAt(epoch, seconds)).to.be.above(time);
          expect(epochAt(epochEndsAt(epoch, seconds), seconds)).to.equal(epoch + 1);
        },
      ),
    );
  });

  it('takes receipts for at least ten minutes and one epoch after its end, and not an epoch longer', () => {
    expect([1, 5, 7, 600, 86_400].map(lateEpochsOf)).to.deep.equal([600, 120, 86, 1, 1]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 604_800 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (seconds, e) => {
          const epoch = parseEpoch(e);
          const end = epochEndsAt(epoch, seconds);
          const takenAt = (time: number): boolean =>
            takesReceipts(epoch, { runningEpoch: epochAt(time, seconds), epochSeconds: seconds });
          expect(takenAt(end + LATE_RECEIPT_SECONDS - 1)).to.equal(true);
          expect(takenAt(end + seconds - 1)).to.equal(true);
          expect(takenAt(end + Math.max(LATE_RECEIPT_SECONDS, seconds) + seconds)).to.equal(false);
        },
      ),
    );
  });

  it('a time before 1970 has none', () => {
    expect(() => epochAt(-1, 5))
      .to.throw(ProtocolError)
      .that.deep.includes({ code: 'EPOCH_INVALID', values: { value: -1 } });
  });
});
