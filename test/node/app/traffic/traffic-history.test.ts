import { expect } from 'chai';
import fc from 'fast-check';

import {
  TRAFFIC_TIERS,
  TrafficHistory,
  type TrafficSample,
} from '../../../../node/app/traffic/traffic-history.ts';

const sample = (atMs: number, sentBytes = atMs): TrafficSample => ({
  ...{ atMs, sentBytes, receivedBytes: 0, transfers: 0, misses: 0, connections: 0 },
});

describe('history of traffic', () => {
  it('keeps the newest finely and the oldest coarsely, in a fixed size', () => {
    const history = new TrafficHistory([
      { stepMs: 10, samples: 3 },
      { stepMs: 100, samples: 4 },
    ]);
    for (let atMs = 0; atMs < 1_000; atMs += 10) history.note(sample(atMs));
    expect(history.samples().map(({ atMs }) => atMs)).to.deep.equal([600, 700, 800, 900, 970, 980, 990]);
  });

  it('keeps one sample of each step, however late the timer is', () => {
    const history = new TrafficHistory([{ stepMs: 10, samples: 10 }]);
    for (const atMs of [0, 9, 11, 19, 20, 45]) history.note(sample(atMs));
    expect(history.samples().map(({ atMs }) => atMs)).to.deep.equal([0, 11, 20, 45]);
  });

  it('begins anew when the clock is set back', () => {
    const history = new TrafficHistory([{ stepMs: 10, samples: 10 }]);
    for (const atMs of [100, 200, 50, 60]) history.note(sample(atMs));
    expect(history.samples().map(({ atMs }) => atMs)).to.deep.equal([50, 60]);
  });

  it('is in order and never larger than its tiers, whatever comes', () => {
    const most = TRAFFIC_TIERS.reduce((sum, { samples }) => sum + samples, 0);
    fc.assert(
      fc.property(fc.array(fc.nat(400_000), { maxLength: 3_000 }), (gaps) => {
        const history = new TrafficHistory();
        let atMs = 0;
        for (const gap of gaps) history.note(sample((atMs += gap)));
        const times = history.samples().map((kept) => kept.atMs);
        expect(times.length).to.be.at.most(most);
        expect(times.every((at, index) => index === 0 || at > (times[index - 1] ?? 0))).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });
});
