import { expect } from 'chai';
import fc from 'fast-check';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { equalAllocations } from '../../../sdk/publish/equal-allocations.ts';

const wei = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n });

describe('equal allocations', () => {
  it('are the amount together, and differ by one unit at most', () => {
    fc.assert(
      fc.property(wei, fc.integer({ min: 1, max: 64 }), (amountWei, count) => {
        const nodes = Array.from({ length: count }, (_, index) => ({
          node: parseAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`),
          ratePerGiB: BigInt(index + 1),
        }));
        const shares = equalAllocations(nodes, amountWei);
        expect(shares.map(({ node, ratePerGiB }) => ({ node, ratePerGiB }))).to.deep.equal(nodes);
        expect(shares.reduce((sum, share) => sum + share.amountWei, 0n)).to.equal(amountWei);
        const least = shares.at(-1)?.amountWei ?? 0n;
        for (const share of shares) expect(share.amountWei - least <= 1n).to.equal(true);
      }),
    );
    expect(equalAllocations([], 5n)).to.deep.equal([]);
  });
});
