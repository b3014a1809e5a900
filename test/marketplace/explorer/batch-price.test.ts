import { expect } from 'chai';
import fc from 'fast-check';

import type { RatedBytes } from '../../../marketplace/database/receipt-batches.ts';
import { batchWei } from '../../../marketplace/explorer/batch-price.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';

const LAST_EPOCH = 20;
const epochs = Array.from({ length: LAST_EPOCH + 1 }, (_, epoch) => epoch);
const anyReceipts = fc.array(
  fc.record({
    epoch: fc.integer({ min: 0, max: LAST_EPOCH }),
    bytes: fc.bigInt(0n, 2n ** 40n),
    peerRatePerGiB: fc.option(fc.constantFrom(3n, 7n ** 20n), { nil: undefined }),
  }),
  { maxLength: 40 },
);
const anyRate = fc.bigInt(1n, 10n ** 24n);
const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const ofAllocation = ({ peerRatePerGiB }: RatedBytes): boolean => peerRatePerGiB === undefined;

describe('price of batches of receipts', () => {
  it('adds up to the price of all bytes, to the last unit, however rates round', () => {
    fc.assert(
      fc.property(anyReceipts, anyRate, (receipts, ratePerGiB) => {
        const wei = epochs.map((epoch) => batchWei({ receipts, claims: [], ratePerGiB }, epoch));
        const allocated = sumOf(receipts.filter(ofAllocation).map(({ bytes }) => bytes));
        const peers = [3n, 7n ** 20n].map((rate) =>
          priceWei(
            sumOf(receipts.filter((one) => one.peerRatePerGiB === rate).map(({ bytes }) => bytes)),
            rate,
          ),
        );
        expect(sumOf(wei)).to.equal(priceWei(allocated, ratePerGiB) + sumOf(peers));
        expect(wei.every((one) => one >= 0n)).to.equal(true);
      }),
    );
  });

  it('counts the epochs that a claim settled by the claim, in its last epoch', () => {
    const claim = { route: 'sampled-claim' as const, afterEpoch: 2, toEpoch: 5, paidWei: 0n };
    fc.assert(
      fc.property(anyReceipts, anyRate, fc.bigInt(0n, 2n ** 40n), (receipts, ratePerGiB, bytesTotal) => {
        const claims = [{ ...claim, bytesTotal }];
        const books = { receipts: receipts.filter(ofAllocation), claims, ratePerGiB };
        for (const epoch of [3, 4]) expect(batchWei(books, epoch)).to.equal(0n);
        const outside = books.receipts.filter(({ epoch }) => epoch <= 2 || epoch > 5);
        const all = sumOf(outside.map(({ bytes }) => bytes)) + bytesTotal;
        expect(sumOf(epochs.map((epoch) => batchWei(books, epoch)))).to.equal(priceWei(all, ratePerGiB));
      }),
    );
  });
});
