import { expect } from 'chai';
import fc from 'fast-check';

import { ProgressMeter, type FetchProgress } from '../../../sdk/client/download-progress.ts';
import { bytesText, progressLine } from '../../../sdk/client/progress-line.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';

const node = parseAddress(`0x${'01'.repeat(20)}`);

describe('ProgressMeter', () => {
  it('tells the rate of the last seconds and the time left', () => {
    const meter = new ProgressMeter();
    expect(meter.note(0, 10_000, 0)).to.deep.equal({
      ...{ bytes: 0, totalBytes: 10_000, bytesPerSecond: 0 },
      etaSeconds: undefined,
    });
    for (let second = 1; second <= 5; second++) meter.note(second * 100, 10_000, second * 1_000);
    // Five slow seconds are forgotten after four fast ones.
    let last = meter.note(1_500, 10_000, 6_000);
    for (let second = 7; second <= 9; second++)
      last = meter.note(1_500 + (second - 6) * 1_000, 10_000, second * 1_000);
    expect(last.bytesPerSecond).to.equal(1_000);
    expect(last.etaSeconds).to.equal(5.5);
  });
});

describe('progressLine', () => {
  const progress: FetchProgress = {
    ...{ bytes: 450_000_000, totalBytes: 1_000_000_000, bytesPerSecond: 12_340_000, etaSeconds: 44.6 },
    sources: [
      { node, bytes: 300_000_000, bytesPerSecond: 8_000_000 },
      { node, bytes: 150_000_000, bytesPerSecond: 4_000_000 },
      { node, bytes: 0, bytesPerSecond: undefined },
    ],
  };

  it('shows share, bar, bytes, rate, time left and nodes', () => {
    expect(progressLine(progress, 80)).to.equal(
      ' 45 %  [############...............]  450 MB of 1.0 GB  12.3 MB/s  0:45  2 nodes',
    );
  });

  it('leaves the bar out of a narrow terminal, and shows hours', () => {
    const slow = { ...progress, bytesPerSecond: 0, etaSeconds: 3_753, sources: [] };
    expect(progressLine(slow, 52)).to.equal(' 45 %  450 MB of 1.0 GB  0 B/s  1:02:33  0 nodes');
    expect(progressLine({ ...slow, etaSeconds: undefined }, 52)).to.include('--:--');
  });

  it('is never wider than the terminal and never undefined, whatever the figures', () => {
    const figure = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }));
    fc.assert(
      fc.property(figure, figure, figure, fc.option(figure, { nil: undefined }), fc.nat(200), (...drawn) => {
        const [bytes, totalBytes, bytesPerSecond, etaSeconds, columns] = drawn;
        const line = progressLine({ bytes, totalBytes, bytesPerSecond, etaSeconds, sources: [] }, columns);
        expect(line.length).to.be.at.most(columns);
        expect(line).to.not.match(/NaN|undefined|Infinity/);
      }),
      { numRuns: 500 },
    );
  });

  it('takes the largest unit that leaves at least one before the point', () => {
    expect([0, 999, 1_000, 99_949, 99_950, 999_500, 1.5e9, 5e16].map(bytesText)).to.deep.equal([
      ...['0 B', '999 B', '1.0 kB', '99.9 kB', '100 kB', '1.0 MB', '1.5 GB', '50000 TB'],
    ]);
  });
});
