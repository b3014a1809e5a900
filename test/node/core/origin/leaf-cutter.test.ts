import { expect } from 'chai';
import fc from 'fast-check';

import { LeafCutter } from '../../../../node/core/origin/leaf-cutter.ts';

describe('Cutting an answer into leaves', () => {
  it('gives the same leaves however the bytes arrive', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 60 }), (sizes, cuts) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const body = Uint8Array.from({ length: total }, (_, i) => (i * 31) % 251);
        const cutter = new LeafCutter(sizes);
        const leaves: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, total]) {
          leaves.push(...cutter.push(body.subarray(at, Math.min(total, at + cut))));
          at = Math.min(total, at + cut);
        }
        cutter.finish();
        expect(leaves.map(({ length }) => length)).to.deep.equal(sizes);
        expect(Buffer.concat(leaves)).to.deep.equal(Buffer.from(body));
      }),
    );
  });

  it('refuses a byte too many at once, and a byte too few at the end', () => {
    const long = new LeafCutter([2, 3]);
    expect(long.push(new Uint8Array(4))).to.have.length(1);
    expect(() => long.push(new Uint8Array(2)))
      .to.throw()
      .with.property('code', 'ORIGIN_LENGTH_WRONG');
    const short = new LeafCutter([2, 3]);
    short.push(new Uint8Array(4));
    expect(() => short.finish())
      .to.throw()
      .with.deep.include({ code: 'ORIGIN_LENGTH_WRONG', values: { expected: 5, actual: 4 } });
  });
});
