import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { PathFaults } from '../../scripts/simulator/engine/path-faults.ts';
import { RandomStreams } from '../../scripts/measuring/random-streams.ts';
import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';
import { parseDelays, readDelayMatrix } from '../../scripts/simulator/networks/delay-matrix.ts';
import { GeographicDelay, greatCircleKm } from '../../scripts/simulator/networks/geographic-delay.ts';
import { oneWayMs } from '../../scripts/simulator/networks/network-model.ts';
import { SimulatorError } from '../../scripts/simulator/simulator-error.ts';

const random = new RandomStreams(7).stream('network tests');

function refusal(action: () => unknown): SimulatorError {
  try {
    action();
  } catch (error) {
    if (error instanceof SimulatorError) return error;
    throw error;
  }
  return expect.fail('nothing was refused');
}

describe('network models of the simulator', () => {
  it('constant: half the round trip each way, jitter within its bound', () => {
    expect(oneWayMs(new ConstantDelay(100), 0, 1, random)).to.equal(50);
    const jittery = new ConstantDelay(100, 20);
    for (let i = 0; i < 100; i++) expect(oneWayMs(jittery, 0, 1, random)).to.be.within(50, 70);
  });

  it('geographic: distances of the globe at the speed of light in fibre, both ways alike', () => {
    const [london, sydney] = [
      { latitude: 51.5, longitude: -0.1 },
      { latitude: -33.9, longitude: 151.2 },
    ];
    expect(greatCircleKm(london, sydney)).to.be.closeTo(16_990, 50);
    expect(greatCircleKm(london, london)).to.equal(0);
    const network = new GeographicDelay();
    const places = Array.from({ length: 200 }, () => network.place(random));
    for (const a of places.slice(0, 20)) {
      for (const b of places) {
        expect(network.rttMs(a, b)).to.equal(network.rttMs(b, a));
        expect(network.rttMs(a, b)).to.be.within(1, 310);
      }
      expect(network.regionOf(a)).to.match(/^[a-z-]{2,8}$/);
    }
  });

  it('a table separated by tabs: row from, column to; gaps take the other direction or the median', () => {
    const network = parseDelays('0\t10\t30\n20\t0\t\n\t\t0\n');
    expect(network.sites).to.equal(3);
    expect(network.rttMs(0, 1)).to.equal(10);
    expect(network.rttMs(1, 0)).to.equal(20);
    expect(network.rttMs(2, 0)).to.equal(30);
    expect(network.rttMs(1, 2)).to.equal(20);
    expect(network.rttMs(1, 1)).to.equal(1);
    expect(network.regionOf(0)).to.have.length.at.most(8);
  });

  it('lines from,to,ms with a header and more columns, packed by gzip', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bcdn-delays-'));
    try {
      const path = join(folder, 'delays.csv.gz');
      writeFileSync(path, gzipSync('from,to,average,least\nA,B,12.5,10\nB,A,14,10\nA,C,50,40\n'));
      const network = readDelayMatrix(path);
      expect(network.sites).to.equal(3);
      expect([network.rttMs(0, 1), network.rttMs(1, 0), network.rttMs(2, 0)]).to.deep.equal([12.5, 14, 50]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what is no matrix, with the line', () => {
    const ragged = refusal(() => parseDelays('0\t1\t2\n1\t0\n2\t1\t0'));
    expect([ragged.code, ragged.values['line'], ragged.values['values']]).to.deep.equal([
      'DELAYS_INVALID',
      2,
      2,
    ]);
    expect(refusal(() => parseDelays('a,b,5\nb,a,fast')).values['line']).to.equal(2);
    expect(refusal(() => parseDelays('a,b,-5\nb,a,4')).code).to.equal('DELAYS_INVALID');
    expect(refusal(() => parseDelays('')).code).to.equal('DELAYS_INVALID');
    expect(refusal(() => readDelayMatrix('/no/such/file')).code).to.equal('DELAYS_UNREADABLE');
  });
});

describe('path faults of the simulator', () => {
  it('cut one way, split by side and heal', () => {
    const faults = new PathFaults(random);
    faults.cut(1, 2);
    expect([faults.passes(1, 2), faults.passes(2, 1), faults.isCertain(2, 1)]).to.deep.equal([
      false,
      true,
      false,
    ]);
    faults.split((node) => node % 2);
    expect([faults.passes(1, 3), faults.passes(1, 4)]).to.deep.equal([true, false]);
    faults.heal();
    expect([faults.passes(1, 2), faults.passes(1, 4), faults.isCertain(1, 2)]).to.deep.equal([
      true,
      true,
      true,
    ]);
  });

  it('lose about the share that they are told to', () => {
    const faults = new PathFaults(random);
    faults.lossRate = 0.2;
    const passed = Array.from({ length: 5_000 }, () => faults.passes(1, 2)).filter(Boolean).length;
    expect(passed / 5_000).to.be.closeTo(0.8, 0.03);
    expect(faults.isCertain(1, 2)).to.equal(false);
  });
});
