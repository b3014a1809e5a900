import { expect } from 'chai';
import fc from 'fast-check';

import { Deadlines } from '../../../../node/core/one-hop-ring/deadlines.ts';

const key = fc.integer({ min: 0, max: 9 });
const timeMs = fc.integer({ min: 0, max: 20 });
const step = fc.oneof(
  fc.record({ what: fc.constant('set' as const), key, timeMs }),
  fc.record({ what: fc.constant('take' as const), key, timeMs }),
  fc.record({ what: fc.constant('due' as const), key, timeMs }),
);

describe('deadlines', () => {
  it('know the earliest and give what is due, however they are set, replaced and taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines<number, string>();
        const model = new Map<number, { value: string; dueMs: number }>();
        steps.forEach((each, i) => {
          if (each.what === 'set') {
            deadlines.set(each.key, `value ${i}`, each.timeMs);
            model.set(each.key, { value: `value ${i}`, dueMs: each.timeMs });
          } else if (each.what === 'take') {
            expect(deadlines.take(each.key)).to.equal(model.get(each.key)?.value);
            model.delete(each.key);
          } else {
            const due = [...model].filter(([, entry]) => entry.dueMs <= each.timeMs);
            for (const [dueKey] of due) model.delete(dueKey);
            const expected = due.map(([dueKey, entry]) => [dueKey, entry.value]);
            expect(deadlines.due(each.timeMs)).to.have.deep.members(expected);
          }
          expect(deadlines.size).to.equal(model.size);
          expect(deadlines.nextMs()).to.equal(
            Math.min(Infinity, ...[...model.values()].map((entry) => entry.dueMs)),
          );
        });
      }),
    );
  });
});
