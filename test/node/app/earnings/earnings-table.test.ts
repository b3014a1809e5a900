import { expect } from 'chai';
import { dealMoney, type DealRecord } from '../../../../node/app/earnings/deal-money.ts';
import { earningsTable } from '../../../../node/app/earnings/earnings-table.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const DAY_SECONDS = 86_400;
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

describe('earnings table', () => {
  it('settles the oldest day first', () => {
    const deal: DealRecord = {
      dealId: parseDealId(word(1)),
      publisher: parseAddress(`0x${'22'.repeat(20)}`),
      contentRoot: parseContentRoot(word(3)),
      ratePerGiB: GIB_BYTES,
      bytesByEpoch: new Map([
        [parseEpoch(1), 50n],
        [parseEpoch(0), 100n],
      ]),
      voucher: { cumulative: 120n, throughEpoch: parseEpoch(1) },
      payments: [{ route: 'voucher', paidWei: 70n, feeWei: 0n, throughEpoch: parseEpoch(0) }],
      claims: [],
      allocation: { state: 'active', balanceWei: 60n, paidWei: 70n, throughEpoch: parseEpoch(0) },
    };
    const money = dealMoney(deal, parseEpoch(1));
    const { rows, total } = earningsTable([{ deal, money }], 'day', DAY_SECONDS);
    const none = { voucherDueWei: 0n, inClaimWei: 0n, unsettledWei: 0n, lostWei: 0n };
    expect(rows).to.deep.equal([
      {
        ...{ key: '1970-01-01', bytes: 100n, meteredWei: 100n, settledWei: 100n, paidWei: 70n },
        ...{ ...none, voucherDueWei: 30n },
      },
      {
        ...{ key: '1970-01-02', bytes: 50n, meteredWei: 50n, settledWei: 20n, paidWei: 0n },
        ...{ ...none, voucherDueWei: 20n, unsettledWei: 10n, lostWei: 20n },
      },
    ]);
    expect(total).to.deep.equal({
      ...{ key: 'total', bytes: 150n, meteredWei: 150n, settledWei: 120n, paidWei: 70n },
      ...{ voucherDueWei: 50n, inClaimWei: 0n, unsettledWei: 10n, lostWei: 20n },
    });
  });
});
