import { expect } from 'chai';
import fc from 'fast-check';

import { linkBetween, split, type LinkShape } from '../../../scripts/ring-lab/network-shape.ts';
import { RandomStreams } from '../../../scripts/measuring/random-streams.ts';
import { nextRetryMs, SegmentSchedule } from '../../../scripts/ring-lab/segment-schedule.ts';

const SEED = 11;

function schedule(link: LinkShape): SegmentSchedule {
  return new SegmentSchedule(link, new RandomStreams(SEED).stream('test'));
}

describe('shaped link: when bytes arrive', () => {
  it('delays by the one-way delay', () => {
    expect(schedule({ delayMs: 50 }).arrivalMs(1_000, 100)).to.equal(1_050);
  });

  it('keeps the order, whatever jitter and loss do', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (gaps) => {
        const link = schedule({ delayMs: 50, jitterMs: 80, lossRate: 0.2 });
        let [nowMs, lastMs] = [0, 0];
        for (const gap of gaps) {
          nowMs += gap;
          const arrivalMs = link.arrivalMs(nowMs, 100);
          expect(arrivalMs).to.be.at.least(Math.max(lastMs, nowMs + 50));
          lastMs = arrivalMs;
        }
      }),
      { seed: SEED },
    );
  });

  it('charges a lost segment a retransmission timeout, and the lost repetition twice as much', () => {
    const link = schedule({ delayMs: 50, lossRate: 0.1 });
    const delays = Array.from({ length: 20_000 }, (_, i) => link.arrivalMs(i * 100_000, 100) - i * 100_000);
    expect(new Set(delays.filter((ms) => ms < 1_000))).to.deep.equal(new Set([50, 350, 950]));
    const lost = delays.filter((ms) => ms > 50).length / delays.length;
    expect(lost).to.be.within(0.09, 0.11);
  });

  it('sends no faster than the bandwidth', () => {
    const link = schedule({ delayMs: 10, bytesPerSecond: 1_000 });
    expect(link.arrivalMs(0, 500)).to.equal(510);
    expect(link.arrivalMs(0, 500)).to.equal(1_010);
    expect(link.arrivalMs(5_000, 500)).to.equal(5_510);
  });

  it('draws the same for the same seed and name, and something else for another name', () => {
    const draw = (name: string): number[] => Array.from({ length: 5 }, new RandomStreams(SEED).stream(name));
    expect(draw('a')).to.deep.equal(draw('a'));
    expect(draw('a')).to.not.deep.equal(draw('b'));
    for (const value of draw('a')) expect(value).to.be.within(0, 1);
  });
});

describe('shaped link: after a cut', () => {
  it('is tried again after pauses that double, so at most as long again as it lasted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 200_000 }), (lastedMs) => {
        const retryMs = nextRetryMs(0, lastedMs, 300);
        expect(retryMs)
          .to.be.above(lastedMs)
          .and.at.most(lastedMs + Math.min(lastedMs + 300, 120_000));
      }),
      { seed: SEED },
    );
    expect([0, 300, 900].map((nowMs) => nextRetryMs(0, nowMs, 300))).to.deep.equal([300, 900, 2_100]);
  });

  it('names both directions of a split, and takes delays from the regions', () => {
    expect(split(['a'], ['b', 'c'])).to.deep.equal([
      { from: ['a'], to: ['b', 'c'] },
      { from: ['b', 'c'], to: ['a'] },
    ]);
    const network = {
      seed: SEED,
      link: { delayMs: 5 },
      regions: { a: 'eu', b: 'us' },
      regionDelaysMs: { eu: { us: 45 } },
    };
    expect(linkBetween(network, 'a', 'b').delayMs).to.equal(45);
    expect(linkBetween(network, 'b', 'a').delayMs).to.equal(5);
  });
});
