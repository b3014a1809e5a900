import { expect } from 'chai';
import fc from 'fast-check';

import { BlockBuffers } from '../../../../node/core/storage/block-buffers.ts';
import { SharedBlock } from '../../../../node/core/storage/shared-block.ts';

const KIB = 1_024;
const LIMIT_BYTES = 256 * KIB;

describe('BlockBuffers', () => {
  it('hands out again what came back, of the same length only', () => {
    const buffers = new BlockBuffers({ limitBytes: LIMIT_BYTES });
    const first = buffers.take(64 * KIB);
    buffers.give(first);
    expect(buffers.freeBytes).to.equal(64 * KIB);
    expect(buffers.take(32 * KIB)).not.to.equal(first);
    expect(buffers.take(64 * KIB)).to.equal(first);
    expect(buffers.freeBytes).to.equal(0);
  });

  it('keeps no buffers that are small, and none larger than all its memory', () => {
    const buffers = new BlockBuffers({ limitBytes: LIMIT_BYTES });
    buffers.give(new Uint8Array(KIB));
    buffers.give(new Uint8Array(LIMIT_BYTES + 1));
    expect(buffers.freeBytes).to.equal(0);
  });

  it('lets lengths go that nobody asked for lately', () => {
    const buffers = new BlockBuffers({ limitBytes: LIMIT_BYTES });
    for (let i = 0; i < 4; i++) buffers.give(new Uint8Array(64 * KIB));
    const wanted = new Uint8Array(128 * KIB);
    buffers.give(wanted);
    expect(buffers.freeBytes).to.equal(LIMIT_BYTES);
    expect(buffers.take(128 * KIB)).to.equal(wanted);
  });

  it('never has a buffer twice, nor more than its limit, whatever is taken and given', () => {
    const step = fc.record({ take: fc.boolean(), kib: fc.constantFrom(16, 17, 64, 100, 256) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffers = new BlockBuffers({ limitBytes: LIMIT_BYTES });
        const out: Uint8Array[] = [];
        for (const { take, kib } of steps) {
          if (take) {
            const buffer = buffers.take(kib * KIB);
            expect(buffer.length).to.equal(kib * KIB);
            expect(out).not.to.include(buffer);
            out.push(buffer);
          } else {
            const buffer = out.shift();
            if (buffer !== undefined) buffers.give(buffer);
          }
          expect(buffers.freeBytes).to.be.within(0, LIMIT_BYTES);
        }
        buffers.clear();
        expect(buffers.freeBytes).to.equal(0);
      }),
    );
  });
});

describe('SharedBlock', () => {
  const shared = (holders: number): { block: SharedBlock; given: () => number } => {
    let given = 0;
    const giveBack = (): void => void (given += 1);
    return {
      block: new SharedBlock(Uint8Array.of(1, 2, 3, 4), { holders, giveBack }),
      given: () => given,
    };
  };

  it('is given back once, by the last holder', () => {
    const { block, given } = shared(2);
    block.hold();
    block.release();
    block.release();
    expect(given()).to.equal(0);
    block.release();
    expect(given()).to.equal(1);
  });

  it('counts the end of a loan once', () => {
    const { block, given } = shared(2);
    const loan = block.loan({ start: 1, end: 2 }, 9);
    expect([[...loan.bytes], loan.blockBytes]).to.deep.equal([[2, 3], 9]);
    loan.end();
    loan.end();
    expect(given()).to.equal(0);
    block.loan().end();
    expect(given()).to.equal(1);
  });

  it('is never given back when somebody has it for good', () => {
    const { block, given } = shared(1);
    expect([...block.keep()]).to.deep.equal([1, 2, 3, 4]);
    block.release();
    expect(given()).to.equal(0);
  });
});
