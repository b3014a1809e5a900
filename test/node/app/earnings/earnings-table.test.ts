import { expect } from 'chai';
import fc from 'fast-check';
import {
  EARNINGS_GROUPINGS,
  earningsTable,
  type DealEarnings,
} from '../../../../node/app/earnings/earnings-table.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const DAY_SECONDS = 86_400;
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

const anyDeal: fc.Arbitrary<DealEarnings> = fc.record({
  dealId: fc.integer({ min: 1, max: 5 }).map((n) => parseDealId(word(n))),
  publisher: fc.integer({ min: 1, max: 3 }).map((n) => parseAddress(`0x${n.toString(16).padStart(40, '0')}`)),
  contentRoot: fc.integer({ min: 1, max: 3 }).map((n) => parseContentRoot(word(n))),
  ratePerGiB: fc.bigInt({ min: 0n, max: 10n ** 19n }),
  bytesByEpoch: fc
    .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.bigInt({ min: 1n, max: 1n << 40n })), {
      maxLength: 8,
    })
    .map((pairs) => new Map(pairs.map(([epoch, bytes]) => [parseEpoch(epoch), bytes]))),
  voucherWei: fc.bigInt({ min: 0n, max: 10n ** 21n }),
  paidWei: fc.bigInt({ min: 0n, max: 10n ** 21n }),
});

describe('earnings table', () => {
  it('adds up to the same totals however it is grouped, and never pays more than it metered', () => {
    fc.assert(
      fc.property(fc.array(anyDeal, { maxLength: 6 }), (deals) => {
        const totals = EARNINGS_GROUPINGS.map((grouping) => {
          const { rows, total } = earningsTable(deals, grouping, DAY_SECONDS / 3);
          for (const row of [...rows, total]) {
            expect(row.meteredWei >= row.settledWei, `${grouping}: metered ≥ settled`).to.equal(true);
            expect(row.settledWei >= row.paidWei, `${grouping}: settled ≥ paid`).to.equal(true);
            expect(row.paidWei >= 0n).to.equal(true);
          }
          const sum = rows.reduce((wei, row) => wei + row.meteredWei, 0n);
          expect(sum).to.equal(total.meteredWei);
          return total;
        });
        for (const total of totals) expect(total).to.deep.equal(totals[0]);
      }),
    );
  });

  it('settles the oldest day first', () => {
    const deal: DealEarnings = {
      dealId: parseDealId(word(1)),
      publisher: parseAddress(`0x${'22'.repeat(20)}`),
      contentRoot: parseContentRoot(word(3)),
      ratePerGiB: GIB_BYTES,
      bytesByEpoch: new Map([
        [parseEpoch(1), 50n],
        [parseEpoch(0), 100n],
      ]),
      voucherWei: 120n,
      paidWei: 70n,
    };
    const { rows, total } = earningsTable([deal], 'day', DAY_SECONDS);
    expect(rows).to.deep.equal([
      { key: '1970-01-01', bytes: 100n, meteredWei: 100n, settledWei: 100n, paidWei: 70n },
      { key: '1970-01-02', bytes: 50n, meteredWei: 50n, settledWei: 20n, paidWei: 0n },
    ]);
    expect(total).to.deep.equal({
      key: 'total',
      bytes: 150n,
      meteredWei: 150n,
      settledWei: 120n,
      paidWei: 70n,
    });
  });
});
