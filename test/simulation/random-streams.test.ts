import { expect } from 'chai';

import { SessionLengths } from '../../scripts/simulator/churn/session-lengths.ts';
import { countingRandom, RandomStreams, type Random } from '../../scripts/simulator/engine/random-streams.ts';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random());
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('random numbers of the simulator', () => {
  it('are the same for the same seed and purpose, and others for others', () => {
    const [a, b] = [new RandomStreams(5), new RandomStreams(5)];
    b.stream('another purpose')();
    expect(draw(a.stream('loss'), 20)).to.deep.equal(draw(b.stream('loss'), 20));
    expect(draw(a.stream('loss'), 20)).not.to.deep.equal(draw(a.stream('delays'), 20));
    expect(draw(a.stream('loss'), 20)).not.to.deep.equal(draw(new RandomStreams(6).stream('loss'), 20));
  });

  it('are never other than these: runs of earlier versions can be repeated', () => {
    expect(
      draw(new RandomStreams(1).stream('vector'), 3).map((value) => Math.floor(value * 1e6)),
    ).to.deep.equal([663_673, 360_416, 566_268]);
  });

  it('are spread evenly, the small generators too', () => {
    for (const random of [new RandomStreams(3).stream('even'), countingRandom(77)]) {
      const bins = new Array<number>(10).fill(0);
      for (const value of draw(random, 20_000))
        bins[Math.floor(value * 10)] = (bins[Math.floor(value * 10)] ?? 0) + 1;
      for (const count of bins) expect(count).to.be.within(1_800, 2_200);
    }
    const firsts = Array.from({ length: 10_000 }, (_, node) =>
      countingRandom(new RandomStreams(3).seedOf('node', node))(),
    );
    expect(mean(firsts)).to.be.closeTo(0.5, 0.02);
  });
});

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
