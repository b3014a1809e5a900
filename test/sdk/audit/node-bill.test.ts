import { expect } from 'chai';
import fc from 'fast-check';

import { billableBytes } from '../../../marketplace/coordinator/earned-bytes.ts';
import { billOf, type NodeReceipts } from '../../../sdk/audit/node-bill.ts';
import { NodeHistory } from '../../../sdk/audit/node-history.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { decodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { eventSource, NODE, signedVoucherBytes } from './sample-books.ts';

const RATE = fc.bigInt({ min: 1n, max: 10n ** 21n });
const BYTES = fc.bigInt({ min: 0n, max: 2n ** 40n });
const PLENTY = 10n ** 40n;

function heldOf(bytes: readonly bigint[]): NodeReceipts {
  return { count: bytes.length, bytesByEpoch: new Map(bytes.entries()) };
}

function voucherOf(throughEpoch: number, cumulative: bigint) {
  return {
    signed: decodeSignedVoucher(signedVoucherBytes(NODE, throughEpoch, cumulative)),
    isByCollector: true,
  };
}

/** An allocation of plenty. */
function allocated(ratePerGiB: bigint, amountWei = PLENTY) {
  const next = eventSource();
  const history = new NodeHistory(NODE, ratePerGiB);
  const apply = (name: string, args: Record<string, bigint | number>): void => {
    const text = Object.entries(args).map(([key, value]) => [key, value.toString()]);
    history.apply(next(name, { node: NODE, ...(Object.fromEntries(text) as Record<string, string>) }));
  };
  apply('Allocated', { amountWei, ratePerGiB });
  return { history, apply };
}

describe('bill of a node', () => {
  it('is rounded once, as the contract and the coordinator round it', () => {
    fc.assert(
      fc.property(RATE, fc.array(BYTES, { minLength: 1, maxLength: 6 }), (rate, bytes) => {
        const { history } = allocated(rate);
        const sum = bytes.reduce((total, each) => total + each, 0n);
        const through = bytes.length - 1;
        const bill = billOf(history, heldOf(bytes), voucherOf(through, priceWei(sum, rate)));
        expect(bill).to.deep.include({
          recomputedWei: (sum * rate) / 2n ** 30n,
          notYetBilledWei: 0n,
          differences: [],
        });
        const more = billOf(history, heldOf(bytes), voucherOf(through, priceWei(sum, rate) + 1n));
        expect(more.notYetBilledWei).to.equal(-1n);
        expect(more.differences.map(({ code, values }) => [code, values['excessWei']])).to.deep.equal([
          ['VOUCHER_ABOVE_RECEIPTS', 1n],
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('counts bytes as the coordinator does, whatever was claimed and voided before', () => {
    const span = fc.record({
      length: fc.integer({ min: 1, max: 3 }),
      bytes: fc.bigInt({ min: 1n, max: 2n ** 30n }),
      route: fc.constantFrom('direct', 'paid', 'void', 'superseded', 'none'),
    });
    fc.assert(
      fc.property(
        fc.array(span, { minLength: 1, maxLength: 5 }),
        fc.array(BYTES, { maxLength: 16 }),
        (spans, bytes) => {
          const rate = 2n ** 30n;
          const { history, apply } = allocated(rate);
          const claims: { afterEpoch: number; toEpoch: number; bytesTotal: bigint }[] = [];
          let settled = -1;
          let end = -1;
          for (const { length, bytes: claimed, route } of spans) {
            end += length;
            const wei = priceWei(claimed, rate);
            const toEpoch = end;
            if (route === 'direct') {
              apply('DirectClaimed', { toEpoch, bytesTotal: claimed, paidWei: wei, feeWei: 0 });
              claims.push({ afterEpoch: settled, toEpoch, bytesTotal: claimed });
            } else if (route !== 'none') {
              const fromEpoch = Math.max(0, settled);
              apply('ClaimCommitted', { fromEpoch, toEpoch, totalBytes: claimed, lockedWei: wei });
              const outcome = { paid: 'ClaimPaid', void: 'ClaimVoided', superseded: 'ClaimSuperseded' }[
                route
              ];
              apply(outcome, { toEpoch, paidWei: wei, feeWei: 0 });
              const bytesTotal = route === 'paid' ? claimed : 0n;
              if (route !== 'superseded') claims.push({ afterEpoch: fromEpoch, toEpoch, bytesTotal });
            }
            if (route !== 'none' && route !== 'superseded') settled = toEpoch;
          }
          const through = Math.max(end, 0);
          const byEpoch = bytes
            .map((each, epoch) => ({ epoch, bytes: each }))
            .filter(({ epoch }) => epoch <= through);
          const bill = billOf(history, heldOf(bytes), voucherOf(through, 0n));
          expect(bill.billedBytes).to.equal(billableBytes(byEpoch, claims));
          expect(bill.differences.filter(({ isWrong }) => isWrong).map(({ code }) => code)).to.deep.equal([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is at most what was allocated, and says so of a voucher that nobody can be paid', () => {
    const { history } = allocated(2n ** 30n, 100n);
    const bill = billOf(history, heldOf([250n]), voucherOf(0, 250n));
    expect(bill).to.deep.include({
      recomputedWei: 100n,
      billedWei: 100n,
      notYetBilledWei: 0n,
      differences: [],
    });
  });

  it('shows what a payment took that the contract cannot have paid', () => {
    const { history, apply } = allocated(2n ** 30n, 1_000n);
    apply('VoucherRedeemed', { throughEpoch: 0, cumulative: 100, paidWei: 150, feeWei: 0 });
    const { differences } = billOf(history, heldOf([100n]), undefined);
    expect(differences.map(({ code, values }) => ({ code, ...values }))).to.deep.include.members([
      {
        ...{ code: 'PAYMENT_NOT_BY_RULE', route: 'voucher', paidWei: 150n, byRuleWei: 100n },
        transactionHash: history.payments[0]?.transactionHash,
      },
    ]);
    expect(differences.map(({ code }) => code)).to.include('PAYMENT_ABOVE_RECEIPTS');
  });

  it('refuses events that contradict each other, and names the first that does', () => {
    const wrong: readonly [name: string, args: Record<string, bigint | number>][] = [
      ['ClaimPaid', { toEpoch: 1, paidWei: 1, feeWei: 0 }],
      ['VoucherRedeemed', { throughEpoch: 0, cumulative: 2_000, paidWei: 2_000, feeWei: 0 }],
      ['Released', { amountWei: 1_001 }],
      ['Allocated', { amountWei: 1, ratePerGiB: 5 }],
      ['DirectClaimed', { toEpoch: 1 }],
    ];
    for (const [name, args] of wrong) {
      const { apply } = allocated(2n ** 30n, 1_000n);
      expect(() => {
        apply(name, args);
      })
        .to.throw()
        .that.deep.includes({ code: 'AUDIT_EVENTS_INCONSISTENT' })
        .and.has.nested.property('values.name', name);
    }
  });
});
