import { expect } from 'chai';
import fc from 'fast-check';

import { BYTES, BYTES_PER_SECOND, COUNT, PER_MINUTE } from '../../../sdk/ui/chart-measure.ts';

/** Marks of an axis: no more than fit 180 pixels, 30 apart. */
const MOST_MARKS = 6;

describe('measures of charts', () => {
  it('mark bytes by round numbers of binary units, however high the axis reaches', () => {
    const steps = BYTES.steps ?? [];
    fc.assert(
      fc.property(fc.constantFrom(...steps), fc.integer({ min: 1, max: MOST_MARKS }), (step, index) => {
        const text = BYTES.markText?.(step * index) ?? '';
        expect(text).to.match(/^\d+(\.(25|5|75))? ([KMGTP]iB|B)$/);
        // The mark says exactly where it stands.
        const [figure = '', unit = ''] = text.split(' ');
        const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit);
        expect(Number(figure) * 1_024 ** power).to.equal(step * index);
      }),
    );
  });

  it('have steps that rise, none more than thrice the one before', () => {
    for (const { steps = [] } of [BYTES, COUNT]) {
      for (const [index, step] of steps.entries()) {
        const before = steps[index - 1] ?? step / 2;
        expect(step / before)
          .to.be.greaterThan(1)
          .and.at.most(3);
      }
    }
  });

  it('write nothing as nothing, and no zeros behind a mark', () => {
    expect(BYTES.markText?.(0)).to.equal('0 B');
    expect(BYTES.markText?.(1_024 ** 2)).to.equal('1 MiB');
    expect(BYTES.markText?.(100 * 1_024 ** 2)).to.equal('100 MiB');
    expect(BYTES_PER_SECOND.markText?.(1.5 * 1_024 ** 2)).to.equal('1.5 MiB/s');
    expect(PER_MINUTE.markText?.(0.5)).to.equal('0.5/min');
    expect(COUNT.text(12_000)).to.equal('12,000');
  });
});
