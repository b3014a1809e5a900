import { expect } from 'chai';

import { deliveryReport } from '../../../../scripts/benchmark/delivery/report.ts';

describe('the report of bench delivery', () => {
  const cost = (seconds: number, cpuSeconds: number, peakMemoryMb: number) => ({
    ...{ seconds, syncedSeconds: 2 * seconds, cpuSeconds, peakMemoryMb },
  });
  const report = deliveryReport({
    file: { bytes: 100_000_000 },
    sources: 4,
    contestants: [
      { name: 'bcdn-http', costs: [cost(0.5, 0.2, 90), cost(9, 0.3, 100), cost(0.4, 0.1, 80)] },
      { name: 'webtorrent', costs: [cost(1, 1, 200), cost(2, 2, 220), cost(1.5, 1.5, 210)] },
    ],
    absent: { helia: 'not installed' },
  });

  it('has medians, and the fastest and slowest download', () => {
    expect(report.figures['results']).to.deep.equal([
      {
        ...{ system: 'bcdn-http', seconds: 0.5, fastestSeconds: 0.4, slowestSeconds: 9 },
        ...{ mbPerSecond: 200, syncedSeconds: 1, cpuSeconds: 0.2, peakMemoryMb: 90 },
      },
      {
        ...{ system: 'webtorrent', seconds: 1.5, fastestSeconds: 1, slowestSeconds: 2 },
        ...{ mbPerSecond: 66.67, syncedSeconds: 3, cpuSeconds: 1.5, peakMemoryMb: 210 },
      },
    ]);
  });

  it('says how many times faster bcdn is than each of the others', () => {
    expect(report.figures['ratios']).to.deep.equal({ 'bcdn-http': { webtorrent: 3 } });
    expect(report.figures['syncedRatios']).to.deep.equal({ 'bcdn-http': { webtorrent: 3 } });
  });

  it('has a heading for each column', () => {
    const [table] = report.tables;
    expect(table?.columns).to.deep.equal([
      ...['', 's', 'fastest', 'slowest', 'MB/s', 'on disk s', 'processor s', 'memory MB', 'bcdn-http ×'],
    ]);
    expect(table?.rows).to.deep.equal([
      ['bcdn-http', '0.5', '0.4', '9', '200', '1', '0.2', '90', '1'],
      ['webtorrent', '1.5', '1', '2', '66.7', '3', '1.5', '210', '3'],
    ]);
  });

  it('gives those who are absent a reason and no figures', () => {
    expect(report.figures['absent']).to.deep.equal({ helia: 'not installed' });
    expect(report.tables.at(-1)?.rows).to.deep.equal([['helia', 'not installed']]);
  });
});
