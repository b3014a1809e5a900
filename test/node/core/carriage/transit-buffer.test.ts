import { expect } from 'chai';
import fc from 'fast-check';

import { TransitBuffer } from '../../../../node/core/carriage/transit-buffer.ts';
import { parseContentRoot } from '../../../../sdk/protocol/identifiers.ts';

const rootNo = (n: number) => parseContentRoot(`0x${n.toString(16).padStart(64, '0')}`);

describe('transit buffer', () => {
  it('holds what was asked for last, never more than its bytes', () => {
    const puts = fc.array(
      fc.record({ key: fc.nat(20), root: fc.nat(2), bytes: fc.nat(120), read: fc.nat(20) }),
    );
    fc.assert(
      fc.property(puts, (moves) => {
        const transit = new TransitBuffer({ maxBytes: 300 });
        const sizes = new Map<number, number>();
        for (const { key, root, bytes, read } of moves) {
          if (!sizes.has(key)) sizes.set(key, bytes);
          transit.put(rootNo(root), `b${key}`, new Uint8Array(sizes.get(key) ?? 0));
          transit.get(`b${read}`);
          expect(transit.get(`b${key}`)?.length).to.equal(sizes.get(key));
          expect(transit.contains(rootNo(root), `b${key}`)).to.equal(true);
          const held = [...sizes].filter(([one]) => transit.sizeOf(`b${one}`) !== undefined);
          expect(transit.bytes).to.equal(held.reduce((sum, [, size]) => sum + size, 0));
          expect(transit.bytes).to.be.at.most(300);
        }
      }),
    );
  });

  it('lets the block leave that nobody asked for the longest time', () => {
    const transit = new TransitBuffer({ maxBytes: 20 });
    transit.put(rootNo(1), 'a', new Uint8Array(10));
    transit.put(rootNo(1), 'b', new Uint8Array(10));
    transit.get('a');
    transit.put(rootNo(1), 'c', new Uint8Array(10));
    expect(['a', 'b', 'c'].map((key) => transit.get(key)?.length)).to.deep.equal([10, undefined, 10]);
    transit.put(rootNo(1), 'd', new Uint8Array(21));
    expect([transit.get('d'), transit.bytes]).to.deep.equal([undefined, 20]);
  });

  it('knows a block as part of the contents that it was carried for', () => {
    const transit = new TransitBuffer();
    transit.put(rootNo(1), 'a', new Uint8Array(1));
    transit.put(rootNo(2), 'a', new Uint8Array(1));
    transit.put(rootNo(2), 'b', new Uint8Array(1));
    transit.forget(rootNo(2));
    expect(transit.contains(rootNo(1), 'a')).to.equal(true);
    expect(transit.contains(rootNo(2), 'a')).to.equal(false);
    expect([transit.get('b'), transit.bytes]).to.deep.equal([undefined, 1]);
  });
});
