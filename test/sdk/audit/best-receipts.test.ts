import { expect } from 'chai';
import fc from 'fast-check';

import { BestReceipts } from '../../../sdk/audit/best-receipts.ts';
import { bytesToHex, uintToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';

/** Hashes that agree in their first bytes, so that they meet in the table. */
const hashOf = (number: number): Hex =>
  bytesToHex(new Uint8Array([0, 0, 0, number % 3, ...uintToBytes(BigInt(number), 28)]));

describe('best receipts of an audit', () => {
  it('are those of a map, whatever the order and the number', () => {
    const offers = fc.array(fc.tuple(fc.nat({ max: 2_000 }), fc.bigInt({ min: 0n, max: 1_000n })), {
      maxLength: 5_000,
    });
    fc.assert(
      fc.property(offers, (list) => {
        const best = new BestReceipts();
        const model = new Map<number, { bytes: bigint; position: number }>();
        for (const [position, [number, bytes]] of list.entries()) {
          const before = model.get(number);
          expect(best.offer(hashOf(number), { bytes, position })).to.deep.equal(before);
          if (before === undefined || bytes > before.bytes) model.set(number, { bytes, position });
        }
        expect(best.size).to.equal(model.size);
      }),
      { numRuns: 20, examples: [[Array.from({ length: 3_000 }, (_, i) => [i, 1n])]] },
    );
  });

  it('end at their limit with its value', () => {
    const best = new BestReceipts(2);
    best.offer(hashOf(1), { bytes: 1n, position: 0 });
    best.offer(hashOf(2), { bytes: 1n, position: 1 });
    best.offer(hashOf(2), { bytes: 2n, position: 2 });
    expect(() => best.offer(hashOf(3), { bytes: 1n, position: 3 }))
      .to.throw()
      .that.deep.includes({ code: 'AUDIT_TOO_LARGE', values: { maxReceipts: 2 } });
  });
});
