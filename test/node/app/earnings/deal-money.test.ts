import { expect } from 'chai';
import fc from 'fast-check';
import { dealMoney, lostInAllWei, type DealRecord } from '../../../../node/app/earnings/deal-money.ts';
import {
  EARNINGS_GROUPINGS,
  earningsTable,
  type EarningsRow,
} from '../../../../node/app/earnings/earnings-table.ts';
import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';
import { anyHistory, DealModel, type MoneyEvent } from './money-history.ts';

const anyRate = fc.bigInt({ min: 0n, max: 10n ** 10n });

/** A deal after a history, and the model that it must agree with. */
function afterHistory(history: readonly MoneyEvent[], rate: bigint): DealModel {
  const model = new DealModel(1, rate);
  for (const event of history) model.apply(event);
  return model;
}

describe('money of a deal', () => {
  it('adds up to the last unit after any history: metered = paid + unpaid, unpaid = its parts', () => {
    fc.assert(
      fc.property(anyHistory, anyRate, fc.nat({ max: 2 }), (history, rate, unread) => {
        const model = afterHistory(history, rate);
        const money = dealMoney(model.record(unread), model.ripeEpoch);
        expect(money.meteredWei, 'metered').to.equal(money.paidWei + money.unpaidWei);
        const parts = money.voucherDueWei + money.inClaimWei + money.unsettledWei + lostInAllWei(money);
        expect(money.unpaidWei, 'unpaid').to.equal(parts);
        const byRoute = Object.values(money.routes).reduce((sum, { paidWei }) => sum + paidWei, 0n);
        expect(money.paidWei, 'routes').to.equal(byRoute + money.unreadWei);
        for (const part of [
          money.unreadWei,
          money.unsettledWei,
          money.runningWei,
          ...Object.values(money.lostWei),
        ]) {
          expect(part >= 0n).to.equal(true);
        }
        expect(money.runningWei <= money.unsettledWei).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('says of paid, claimed and redeemable money what the chain says', () => {
    fc.assert(
      fc.property(anyHistory, anyRate, (history, rate) => {
        const model = afterHistory(history, rate);
        const money = dealMoney(model.record(0), model.ripeEpoch);
        expect(money.paidWei).to.equal(model.paidWei);
        expect(money.inClaimWei).to.equal(model.lockedWei);
        if (model.lockedWei === 0n) expect(money.voucherDueWei).to.equal(model.redeemableWei);
        const payableWei = money.voucherDueWei + money.unsettledWei;
        expect(payableWei <= model.balanceWei, 'nothing is promised beyond the escrow').to.equal(true);
        expect(money.lostWei.ALLOCATION_RELEASED === 0n || model.released).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same totals however deals are grouped, and every row adds up', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyHistory, anyRate), { maxLength: 4 }), (histories) => {
        const deals = histories.map(([history, rate]) => {
          const model = afterHistory(history, rate);
          const deal = model.record(0);
          return { deal, money: dealMoney(deal, model.ripeEpoch) };
        });
        const totals = EARNINGS_GROUPINGS.map((grouping) => {
          const { rows, total } = earningsTable(deals, grouping, 40_000);
          for (const row of [...rows, total]) expectSum(row);
          return total;
        });
        for (const total of totals) expect(total).to.deep.equal(totals[0]);
      }),
    );
  });

  it('names why money will not come', () => {
    const deal = (changes: Partial<DealRecord>): DealRecord => ({
      ...new DealModel(1, GIB_BYTES).record(0),
      bytesByEpoch: new Map([
        [parseEpoch(1), 100n],
        [parseEpoch(2), 50n],
        [parseEpoch(3), 25n],
      ]),
      ...changes,
    });
    const allocation = {
      state: 'active',
      balanceWei: 1_000n,
      paidWei: 0n,
      throughEpoch: parseEpoch(0),
    } as const;
    const lost = (changes: Partial<DealRecord>) => dealMoney(deal(changes), parseEpoch(2)).lostWei;

    expect(lost({ allocation })).to.include({ ESCROW_EXHAUSTED: 0n, EPOCHS_CLOSED: 0n });
    expect(lost({ allocation: { ...allocation, balanceWei: 70n } }).ESCROW_EXHAUSTED).to.equal(105n);
    expect(lost({ allocation: { ...allocation, state: 'released' } }).ALLOCATION_RELEASED).to.equal(175n);
    const paid = { route: 'direct-claim', paidWei: 90n, feeWei: 0n, throughEpoch: parseEpoch(1) } as const;
    const claimed = { ...allocation, paidWei: 90n, throughEpoch: parseEpoch(1) };
    expect(lost({ allocation: claimed, payments: [paid] }).EPOCHS_CLOSED).to.equal(10n);
    const claim = {
      fromEpoch: parseEpoch(1),
      toEpoch: parseEpoch(2),
      lockedWei: 50n,
      state: 'void',
    } as const;
    expect(lost({ allocation, claims: [claim] }).CLAIM_VOID).to.equal(50n);
  });
});

function expectSum(row: EarningsRow): void {
  const parts = row.paidWei + row.voucherDueWei + row.inClaimWei + row.unsettledWei + row.lostWei;
  expect(row.meteredWei, row.key).to.equal(parts);
  expect(row.settledWei, row.key).to.equal(row.paidWei + row.voucherDueWei + row.inClaimWei);
  expect(row.paidWei >= 0n && row.unsettledWei >= 0n && row.lostWei >= 0n, row.key).to.equal(true);
}
