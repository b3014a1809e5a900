import { expect } from 'chai';

import { RandomStreams } from '../../scripts/measuring/random-streams.ts';
import { SessionLengths } from '../../scripts/simulator/churn/session-lengths.ts';

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('session lengths', () => {
  it('have the mean asked for, and rests as renewal theory says', () => {
    const random = new RandomStreams(11).stream('sessions');
    const exponential = new SessionLengths(1_000, 'exponential');
    expect(mean(Array.from({ length: 50_000 }, () => exponential.whole(random)))).to.be.closeTo(1_000, 20);
    // Shape 3 has a variance, so that a mean of samples says something.
    const pareto = new SessionLengths(1_000, 'pareto', 3);
    expect(mean(Array.from({ length: 100_000 }, () => pareto.whole(random)))).to.be.closeTo(1_000, 20);
    const rests = Array.from({ length: 100_000 }, () => pareto.rest(random));
    // (shape - 1) / shape of the rests are shorter than the shortest session.
    const beforeLeast = rests.filter((rest) => rest < (1_000 * 2) / 3).length / rests.length;
    expect(beforeLeast).to.be.closeTo(2 / 3, 0.01);
    // E[rest] = E[length²] / (2 E[length]) = 3 · (2000/3)² / 2000 for shape 3.
    expect(mean(rests)).to.be.closeTo(666.7, 40);
  });
});
