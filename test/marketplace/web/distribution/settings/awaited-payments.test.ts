import { expect } from 'chai';

import { AwaitedPayments } from '../../../../../marketplace/web/distribution/settings/awaited-payments.ts';
import { LAST_PAYMENTS_TIMEOUT_MS } from '../../../../../sdk/publish/publish-limits.ts';

type Money = Parameters<AwaitedPayments['among']>[1];

describe('payments that a refund waits for', () => {
  it('are those of nodes whose money has thawed although they are not paid', () => {
    const payments = new AwaitedPayments();
    const money = moneyOf({ a: 'payment', b: null, c: 'receipts' });
    expect(payments.among(['a', 'b'], money, 0)).to.deep.equal(['a']);
    expect(payments.among(['a', 'b', 'c'], money, 1)).to.deep.equal(['a', 'c']);
    expect(payments.among(['a', 'b'], moneyOf({ a: null, b: null }), 2)).to.deep.equal([]);
  });

  it('are waited for a minute at most, each node by itself', () => {
    const payments = new AwaitedPayments();
    const money = moneyOf({ a: 'payment', b: 'payment' });
    expect(payments.among(['a'], money, 0)).to.deep.equal(['a']);
    expect(payments.among(['a', 'b'], money, LAST_PAYMENTS_TIMEOUT_MS - 1)).to.deep.equal(['a', 'b']);
    expect(payments.among(['a', 'b'], money, LAST_PAYMENTS_TIMEOUT_MS)).to.deep.equal(['b']);
  });
});

function moneyOf(outstanding: Record<string, 'receipts' | 'payment' | null>): Money {
  const nothing = {
    ...{ state: 'thawing' as const, allocatedWei: 0n, meteredWei: 0n, vouchedWei: 0n, paidWei: 0n },
    ...{ feeWei: 0n, balanceWei: 0n, lockedWei: 0n, releasedWei: 0n, lostWei: 0n },
  };
  return {
    allocations: Object.entries(outstanding).map(([node, step]) => ({ ...nothing, node, outstanding: step })),
  };
}
