import { expect } from 'chai';
import fc from 'fast-check';
import {
  MonthlyAllowance,
  monthOf,
  nextMonthMs,
  type MonthlyTraffic,
} from '../../../../node/core/delivery/monthly-allowance.ts';

const NOVEMBER = Date.parse('2026-11-21T12:00:00Z');
const DECEMBER = Date.parse('2026-12-01T00:00:00Z');

describe('monthly allowance', () => {
  it('refuses what is beyond the cap with the figures, and begins anew with the month', () => {
    const allowance = new MonthlyAllowance({ capBytes: 1_000 }, undefined);
    expect(allowance.take(900, NOVEMBER).ok).to.equal(true);
    const outcome = allowance.take(101, NOVEMBER);
    if (outcome.ok) expect.fail('it is beyond the cap');
    expect(outcome.error.code).to.equal('MONTHLY_CAP_REACHED');
    expect(outcome.error.values).to.deep.equal({
      ...{ capBytes: 1_000, sentBytes: 900, requestedBytes: 101 },
      resetsAt: '2026-12-01T00:00:00.000Z',
    });
    expect(allowance.isUsedUp(NOVEMBER)).to.equal(true);
    expect(allowance.take(1_000, DECEMBER).ok).to.equal(true);
    expect(allowance.traffic(DECEMBER)).to.deep.equal({ month: '2026-12', bytes: 1_000 });
  });

  it('does not begin a month anew when the clock is put back', () => {
    const allowance = new MonthlyAllowance({ capBytes: 1_000 }, { month: '2026-12', bytes: 990 });
    expect(allowance.take(11, NOVEMBER).ok).to.equal(false);
    expect(allowance.take(11, DECEMBER).ok).to.equal(false);
  });

  it('knows months of every length', () => {
    for (const [at, next] of [
      ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00.000Z'],
      ['2028-02-29T00:00:00Z', '2028-03-01T00:00:00.000Z'],
      ['2026-12-31T23:59:59Z', '2027-01-01T00:00:00.000Z'],
    ] as const) {
      expect(new Date(nextMonthMs(Date.parse(at))).toISOString()).to.equal(next);
      expect(monthOf(Date.parse(at))).to.equal(at.slice(0, 7));
    }
  });

  it('never lets more leave than the cap, whatever happens and however often it crashes', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), bytes: fc.nat(400), sent: fc.nat(400) }),
      fc.record({ kind: fc.constant('crash' as const) }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(event, { maxLength: 60 }),
        (capBytes, events) => {
          let onDisk: MonthlyTraffic | undefined;
          let allowance = new MonthlyAllowance({ capBytes }, onDisk);
          let left = 0;
          for (const each of events) {
            if (each.kind === 'crash') {
              allowance = new MonthlyAllowance({ capBytes }, onDisk);
              continue;
            }
            if (!allowance.take(each.bytes, NOVEMBER).ok) continue;
            const { unnoted } = allowance;
            if (unnoted !== undefined) {
              onDisk = unnoted;
              allowance.noted(unnoted);
            }
            const sent = Math.min(each.sent, each.bytes);
            left += sent;
            allowance.giveBack(each.bytes - sent);
            expect(left).to.be.at.most(onDisk?.bytes ?? 0);
          }
          expect(left).to.be.at.most(capBytes);
        },
      ),
    );
  });
});
