import { expect } from 'chai';
import fc from 'fast-check';

import { highestOffer, mostOf, offerOf, raisedOffer, type FeeOffer } from '../../../sdk/chain/fee-offer.ts';

describe('what a replaced transaction offers', () => {
  const wei = fc.bigInt(1n, 10n ** 12n);
  const offer: fc.Arbitrary<FeeOffer> = fc.oneof(
    fc.record({ type: fc.constant(0 as const), gasPrice: wei }),
    fc
      .record({ type: fc.constant(2 as const), maxFeePerGas: wei, maxPriorityFeePerGas: wei })
      .filter(({ maxFeePerGas, maxPriorityFeePerGas }) => maxPriorityFeePerGas <= maxFeePerGas),
  );

  it('is at least an eighth more in both parts and never above the bound', () => {
    fc.assert(
      fc.property(offer, offer, wei, (last, asked, highestWei) => {
        const raised = raisedOffer(last, asked, highestWei);
        if (raised === undefined) {
          expect((mostOf(last) * 113n) / 100n + 1n > highestWei).to.equal(true);
          return;
        }
        expect(raised.type).to.equal(last.type);
        expect(mostOf(raised) * 8n >= mostOf(last) * 9n).to.equal(true);
        expect(mostOf(raised) <= highestWei).to.equal(true);
        if (raised.type !== 2 || last.type !== 2) return;
        expect(raised.maxPriorityFeePerGas * 8n >= last.maxPriorityFeePerGas * 9n).to.equal(true);
        expect(raised.maxPriorityFeePerGas <= raised.maxFeePerGas).to.equal(true);
      }),
    );
  });

  it('goes up to the ceiling, or to ten times the first offer', () => {
    const first = offerOf({ gasPrice: 1n, maxFeePerGas: 100n, maxPriorityFeePerGas: 5n });
    expect(highestOffer(first, 150n)).to.equal(150n);
    expect(highestOffer(first, undefined)).to.equal(1_000n);
    expect(highestOffer(first, 99n)).to.equal(1_000n);
    expect(offerOf({ gasPrice: 7n, maxFeePerGas: null, maxPriorityFeePerGas: null })).to.deep.equal({
      type: 0,
      gasPrice: 7n,
    });
  });
});
