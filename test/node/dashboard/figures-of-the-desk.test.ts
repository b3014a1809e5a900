import { expect } from 'chai';
import fc from 'fast-check';

import { csvText } from '../../../node/dashboard/earnings/csv.ts';
import { partsOf, rowOfDay } from '../../../node/dashboard/earnings/today.ts';
import { earningSentence } from '../../../node/dashboard/frame/earning-sentence.ts';
import type { EarningsRow } from '../../../node/dashboard/node-data/money-documents.ts';
import { MAX_POINTS, ratesOf } from '../../../node/dashboard/traffic/rates.ts';
import { earningLine } from '../../../node/cli/status-lines.ts';

const row = (key: string, meteredWei: bigint): EarningsRow => ({
  ...{ key, bytes: 1n, meteredWei, settledWei: 0n, paidWei: 0n },
  ...{ voucherDueWei: 0n, inClaimWei: 0n, unsettledWei: meteredWei, lostWei: 0n },
});

const sample = (atMs: number, sentBytes: number, receivedBytes = 0) => ({
  ...{ atMs, sentBytes, receivedBytes, transfers: 0, misses: 0, connections: 2 },
});

describe("figures of the operator's desk", () => {
  it('says of earning what the command line says', () => {
    for (const earning of [
      { yes: true, because: null, run: null },
      { yes: false, because: 'the node is starting', run: 'run bcdn-node status --watch' },
      { yes: false, because: null, run: null },
    ]) {
      expect(earningSentence(earning)).to.equal(earningLine(earning));
    }
  });

  it('finds the row of a day, and one of nothing for a day without any', () => {
    const rows = [row('2026-11-20', 5n), row('2026-11-21', 7n)];
    expect(rowOfDay(rows, '2026-11-21').meteredWei).to.equal(7n);
    expect(rowOfDay(rows, '2026-11-22')).to.include({ key: '2026-11-22', meteredWei: 0n, bytes: 0n });
  });

  it('names every part of what is metered', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 30n });
    fc.assert(
      fc.property(fc.tuple(amount, amount, amount, amount, amount), ([paid, due, claim, open, lost]) => {
        const metered = paid + due + claim + open + lost;
        const parts = partsOf({
          ...{ key: 'total', bytes: 0n, meteredWei: metered, settledWei: paid + due + claim, paidWei: paid },
          ...{ voucherDueWei: due, inClaimWei: claim, unsettledWei: open, lostWei: lost },
        });
        expect(parts.reduce((sum, { wei }) => sum + wei, 0n)).to.equal(metered);
      }),
    );
  });

  it('tells rates between samples, of the span asked for, and nothing below zero', () => {
    const rates = ratesOf(
      [sample(0, 0), sample(10_000, 5_000), sample(20_000, 5_000), sample(40_000, 1_000)],
      30,
    );
    expect(rates.at).to.deep.equal([20, 40]);
    expect(rates.sentPerSecond).to.deep.equal([0, 0]);
    expect(rates.connections).to.deep.equal([2, 2]);
    expect(ratesOf([sample(0, 0), sample(10_000, 5_000)], 30).sentPerSecond).to.deep.equal([500]);
    expect(ratesOf([], 30).at).to.deep.equal([]);
  });

  it('loses no byte when many samples become few points', () => {
    const samples = Array.from({ length: 1_001 }, (_, index) => sample(index * 10_000, index * 70));
    const { at, sentPerSecond } = ratesOf(samples, 20_000);
    expect(at.length).to.be.at.most(MAX_POINTS);
    const steps = at.map((seconds, index) => seconds - (at[index - 1] ?? (at[0] ?? 0) - 50));
    const bytes = sentPerSecond.reduce((sum, rate, index) => sum + rate * (steps[index] ?? 0), 0);
    expect(bytes).to.be.closeTo(70_000, 0.01);
  });

  it('writes CSV that a spreadsheet neither breaks nor runs', () => {
    expect(
      csvText([
        ['a', 'b,c', 'd"e'],
        ['=1+1', '-5', '@x'],
      ]),
    ).to.equal('a,"b,c","d""e"\r\n\'=1+1,-5,\'@x\r\n');
  });
});
