import { expect } from 'chai';
import fc from 'fast-check';

import { HOT_ENTRY_BYTES, HotBlocks } from '../../../../node/core/storage/hot-blocks.ts';

const BLOCK_BYTES = 1_024;
const ENTRY_BYTES = BLOCK_BYTES + HOT_ENTRY_BYTES;

describe('HotBlocks', () => {
  it('gives back what it keeps', () => {
    const hot = new HotBlocks({ limitBytes: 2 * ENTRY_BYTES });
    const block = new Uint8Array(BLOCK_BYTES);
    hot.add('a', block);
    expect(hot.get('a')).to.equal(block);
    expect(hot.peek('b')).to.equal(undefined);
    expect(hot.bytes).to.equal(ENTRY_BYTES);
  });

  it('keeps what is asked for often through a scan ten times its size', () => {
    const hot = new HotBlocks({ limitBytes: 100 * ENTRY_BYTES });
    const often = Array.from({ length: 80 }, (_, i) => `often-${i}`);
    const ask = (key: string): void => {
      if (hot.get(key) === undefined) hot.add(key, new Uint8Array(BLOCK_BYTES));
    };
    for (let round = 0; round < 4; round++) often.forEach(ask);
    for (let i = 0; i < 1_000; i++) ask(`once-${i}`);
    expect(often.filter((key) => hot.peek(key) !== undefined)).to.deep.equal(often);
  });

  it('does not take a block that is larger than all its memory', () => {
    const hot = new HotBlocks({ limitBytes: ENTRY_BYTES - 1 });
    hot.add('a', new Uint8Array(BLOCK_BYTES));
    expect(hot.size).to.equal(0);
  });

  it('never exceeds its limit, whatever comes and goes', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'get', 'delete'),
      key: fc.integer({ min: 0, max: 30 }).map(String),
      bytes: fc.integer({ min: 0, max: 5 * BLOCK_BYTES }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const hot = new HotBlocks({ limitBytes: 10 * BLOCK_BYTES });
        const held = new Map<string, number>();
        for (const { kind, key, bytes } of steps) {
          if (kind === 'add' && hot.peek(key) === undefined) {
            hot.add(key, new Uint8Array(bytes));
            held.set(key, bytes);
          } else if (kind === 'get') hot.get(key);
          else if (kind === 'delete') hot.delete(key);
          expect(hot.bytes).to.be.at.most(hot.limitBytes);
          const kept = [...held].filter(([name]) => hot.peek(name) !== undefined);
          expect(kept.length).to.equal(hot.size);
          const sum = kept.reduce((all, [, keptBytes]) => all + keptBytes + HOT_ENTRY_BYTES, 0);
          expect(sum).to.equal(hot.bytes);
        }
        hot.clear();
        expect([hot.bytes, hot.size]).to.deep.equal([0, 0]);
      }),
    );
  });
});
