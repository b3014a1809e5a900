import { expect } from 'chai';
import fc from 'fast-check';
import { addGas, gasBook, gasInAll } from '../../../../node/app/earnings/gas-spent.ts';
import { GAS_STEPS, type GasNote } from '../../../../node/app/settlement/settlement-notes.ts';
import { parseDealId } from '../../../../sdk/protocol/identifiers.ts';

const anyDealId = fc
  .integer({ min: 1, max: 5 })
  .map((n) => parseDealId(`0x${n.toString(16).padStart(64, '0')}`));

const anyNote: fc.Arbitrary<GasNote> = fc.record({
  transaction: fc.string(),
  step: fc.constantFrom(...GAS_STEPS),
  dealIds: fc.uniqueArray(anyDealId, { maxLength: 5 }),
  gasUsed: fc.bigInt({ min: 0n, max: 1n << 24n }),
  gasCostWei: fc.bigInt({ min: 0n, max: 10n ** 18n }),
  atSeconds: fc.nat(),
});

describe('gas of deals', () => {
  it('is shared among the deals of a transaction so that the shares are the whole cost', () => {
    fc.assert(
      fc.property(fc.array(anyNote, { maxLength: 20 }), (notes) => {
        const { byDeal, ofNoDeal } = gasBook(notes);
        const shares = [...byDeal.values(), ofNoDeal].map(gasInAll);
        const nothing = { gasUsed: 0n, gasCostWei: 0n };
        expect(shares.reduce(addGas, nothing)).to.deep.equal(notes.reduce<typeof nothing>(addGas, nothing));
      }),
    );
  });

  it('goes to the route that a transaction serves, and without a deal to none', () => {
    const dealId = parseDealId(`0x${'01'.repeat(32)}`);
    const note = (step: GasNote['step'], dealIds: GasNote['dealIds']): GasNote => ({
      ...{ transaction: step, step, dealIds, gasUsed: 7n, gasCostWei: 70n, atSeconds: 1 },
    });
    const { byDeal, ofNoDeal } = gasBook([
      note('voucher', [dealId]),
      note('claim-commit', [dealId]),
      note('claim-open', [dealId]),
      note('bond-approval', []),
    ]);
    expect(byDeal.get(dealId)?.voucher.gasUsed).to.equal(7n);
    expect(byDeal.get(dealId)?.['sampled-claim'].gasUsed).to.equal(14n);
    expect(ofNoDeal['sampled-claim']).to.deep.equal({ gasUsed: 7n, gasCostWei: 70n });
  });
});
