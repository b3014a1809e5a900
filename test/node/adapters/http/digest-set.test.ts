import { hash } from 'node:crypto';

import { expect } from 'chai';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';

import { DigestSet } from '../../../../node/adapters/http/digest-set.ts';
import { rawCidOf } from '../content-fixture.ts';

const cidOf = (n: number): CID => rawCidOf(hash('sha256', String(n), 'buffer'));

describe('Gateway: the set of digests', () => {
  it('holds what a set holds, in any order and while it grows', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 400 }), (numbers) => {
        const digests = new DigestSet();
        const known = new Set<number>();
        for (const n of numbers) {
          expect(digests.has(cidOf(n))).to.equal(known.has(n));
          expect(digests.add(cidOf(n))).to.equal(!known.has(n));
          known.add(n);
        }
        expect(digests.size).to.equal(known.size);
      }),
      { numRuns: 100 },
    );
  });
});
