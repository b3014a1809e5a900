import { expect } from 'chai';
import fc from 'fast-check';

import { LeafTable } from '../../../../node/core/origin/leaf-table.ts';
import { MAX_FILE_LEAVES } from '../../../../node/core/origin/origin-limits.ts';
import { digestOf, tableOf } from './leaf-layout.ts';

describe('Table of the leaves of a file', () => {
  it('finds every leaf by its digest, the first one where bytes repeat, and nothing else', () => {
    const leaf = fc.record({ name: fc.nat(400), length: fc.integer({ min: 1, max: 1_048_576 }) });
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 600 }), (leaves) => {
        const table = tableOf(leaves);
        expect(table.count).to.equal(leaves.length);
        let offset = 0;
        leaves.forEach(({ name, length }, index) => {
          const first = leaves.findIndex((other) => other.name === name);
          expect(table.find(digestOf(name))).to.equal(first);
          expect(table.isRepeated(index)).to.equal(first !== index);
          expect(table.at(index)).to.deep.include({ index, offset, length });
          offset += length;
        });
        expect(table.find(digestOf(70_000))).to.equal(undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('has a largest number of leaves', () => {
    const table = new LeafTable();
    const digest = new Uint8Array(32);
    for (let index = 0; index < MAX_FILE_LEAVES; index++) table.add(digest, index, 1);
    expect(() => table.add(digest, MAX_FILE_LEAVES, 1))
      .to.throw()
      .with.property('code', 'ORIGIN_LAYOUT_UNKNOWN');
  });

  it('places half a million leaves in a moment', () => {
    const table = new LeafTable();
    const digest = new Uint8Array(32);
    const view = new DataView(digest.buffer);
    for (let index = 0; index < MAX_FILE_LEAVES; index++) {
      view.setUint32(0, Math.imul(index, 0x9e3779b1) >>> 0);
      view.setUint32(4, index);
      table.add(digest, index, 1);
    }
    for (let index = 0; index < MAX_FILE_LEAVES; index += 1_013) {
      expect(table.find(table.at(index).digest)).to.equal(index);
    }
  });
});
