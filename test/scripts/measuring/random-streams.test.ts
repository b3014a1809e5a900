import { expect } from 'chai';

import { countingRandom, RandomStreams, type Random } from '../../../scripts/measuring/random-streams.ts';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random());
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('random numbers of simulations and benchmarks', () => {
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
