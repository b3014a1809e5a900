import { expect } from 'chai';
import { planKills } from '../../../scripts/kills/kill-plan.ts';
import { doublePayments, type LoggedPayment } from '../../../scripts/kills/payments.ts';
import { isClean } from '../../../scripts/kills/report.ts';

/** Ten wei an epoch, from epoch 1 on. */
const worthWei = (afterEpoch: number, throughEpoch: number): bigint =>
  10n * BigInt(throughEpoch - Math.max(0, afterEpoch));

const paid = (route: LoggedPayment['route'], throughEpoch: number, paidWei: bigint): LoggedPayment => ({
  ...{ route, throughEpoch, paidWei },
});

describe('payments of a node that is killed', () => {
  it('are doubled when a claim pays beyond its epochs, or all together beyond all receipts', () => {
    const honest = [paid('voucher', 2, 20n), paid('direct-claim', 3, 10n), paid('sampled-claim', 5, 20n)];
    expect(doublePayments(honest, worthWei)).to.deep.equal([]);
    const again = [...honest, paid('direct-claim', 5, 20n)];
    expect(doublePayments(again, worthWei)).to.deep.equal(again.slice(3));
    const short = [paid('voucher', 2, 5n), paid('direct-claim', 3, 20n)];
    expect(doublePayments(short, worthWei)).to.deep.equal(short.slice(1));
  });

  it('are clean only if they are exact', () => {
    const exact = { lostReceipts: 0, doubleClaims: 0, paidWei: 7n, expectedWei: 7n };
    expect(isClean(exact)).to.equal(true);
    for (const wrong of [{ lostReceipts: 1 }, { doubleClaims: 1 }, { paidWei: 6n }]) {
      expect(isClean({ ...exact, ...wrong })).to.equal(false);
    }
  });
});

describe('a plan of kills', () => {
  it('is the same for the same seed and sees every route, even with few kills', () => {
    expect(planKills(20, 3)).to.deep.equal(planKills(20, 3));
    expect(planKills(20, 3)).to.not.deep.equal(planKills(20, 4));
    for (const count of [5, 15, 100]) {
      expect(new Set(planKills(count, 1).map(({ phase }) => phase)).size, String(count)).to.equal(3);
    }
  });
});
