import { expect } from 'chai';
import fc from 'fast-check';

import { EventQueue } from '../../scripts/simulator/engine/event-queue.ts';

describe('event queue of the simulator', () => {
  it('gives events by time, and those of one time in the order in which they came', () => {
    const step = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000 }), (steps) => {
        const queue = new EventQueue<number>();
        const model: { timeMs: number; order: number }[] = [];
        const take = (): void => {
          const expected = model.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order).shift();
          expect(queue.pop()).to.equal(expected !== undefined);
          if (expected === undefined) return;
          expect(queue.timeMs).to.equal(expected.timeMs);
          expect(queue.payload).to.equal(expected.order);
          expect([queue.target, queue.source]).to.deep.equal([expected.order % 7, expected.order % 5]);
        };
        steps.forEach((timeMs, order) => {
          if (timeMs === undefined) return take();
          queue.push(timeMs, order % 7, order % 5, order);
          model.push({ timeMs, order });
        });
        while (model.length > 0) take();
        expect(queue.length).to.equal(0);
        expect(queue.nextMs).to.equal(Infinity);
      }),
      { numRuns: 60 },
    );
  });
});
