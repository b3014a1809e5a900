import { expect } from 'chai';

import {
  calibrationFigures,
  type CalibrationFigures,
} from '../../../scripts/ring-lab/calibration/calibration-figures.ts';
import { eventScript, meanMembers } from '../../../scripts/ring-lab/calibration/event-script.ts';
import { observe, type Observations } from '../../../scripts/ring-lab/calibration/observe.ts';
import { SimulatedRing } from '../../../scripts/ring-lab/calibration/simulated-ring.ts';

const SEED = 5;

describe('calibration: the script', () => {
  const options = { members: 10, crashes: 3, joins: 2, leaves: 1, spacingMs: 100, seed: SEED };

  it('is the same for the same seed, and lets everything happen once', () => {
    const script = eventScript(options);
    expect(eventScript(options)).to.deep.equal(script);
    expect(script.map(({ afterMs }) => afterMs)).to.deep.equal([0, 100, 200, 300, 400, 500]);
    expect(script.map(({ kind }) => kind).sort()).to.deep.equal([
      ...['crash', 'crash', 'crash'],
      ...['join', 'join', 'leave'],
    ]);
    expect(new Set(script.map(({ node }) => node)).size).to.equal(6);
    expect(script.filter(({ kind }) => kind === 'join').map(({ node }) => node)).to.deep.equal([10, 11]);
  });

  it('counts nodes over time', () => {
    const script = [
      { afterMs: 0, kind: 'join' as const, node: 10 },
      { afterMs: 500, kind: 'crash' as const, node: 1 },
    ];
    expect(meanMembers(10, script, 1_000)).to.equal(10.5);
  });
});

describe('calibration: the figures', () => {
  it('count from the first table that knows, and leave tables of joiners out', () => {
    const change = { incarnation: 1, witnesses: 0 };
    const seen: Observations = {
      steadyMs: 2_000,
      steadyBytes: { ping: 300, store: 1_000 },
      scriptMs: 1_000,
      scriptBytes: { spread: 250 },
      events: [
        { kind: 'crash', subject: '0xaa', atMs: 1_000 },
        { kind: 'leave', subject: '0xbb', atMs: 2_000 },
      ],
      changes: [
        { ...change, node: 0, subject: '0xaa', state: 'suspect', atMs: 1_500 },
        { ...change, node: 1, subject: '0xaa', state: 'failed', atMs: 4_000 },
        { ...change, node: 0, subject: '0xaa', state: 'failed', atMs: 4_100 },
        { ...change, node: 3, subject: '0xaa', state: 'failed', atMs: 9_000 },
        { ...change, node: 2, subject: '0xcc', state: 'failed', atMs: 5_000 },
      ],
    };
    const script = [
      { afterMs: 0, kind: 'crash' as const, node: 2 },
      { afterMs: 500, kind: 'join' as const, node: 3 },
    ];
    const figures = calibrationFigures({ members: 3, steadyMs: 2_000, script }, seen);
    expect(figures).to.deep.equal({
      steadyBytesPerSecond: 50,
      scriptBytesPerSecond: 100,
      scriptBytesByKind: { spread: 100 },
      spreadMs: [100],
      detectionMs: [3_000],
      unseen: 1,
      falseFailures: 1,
    } satisfies CalibrationFigures);
  });

  it('are plausible for a simulated ring', async () => {
    const script = eventScript({
      members: 16,
      crashes: 3,
      joins: 2,
      leaves: 2,
      spacingMs: 3_000,
      seed: SEED,
    });
    const plan = { members: 16, steadyMs: 10_000, script };
    const { signal } = new AbortController();
    const ring = new SimulatedRing({ seed: SEED, rttMs: 100, positions: [], timing: {}, signal });
    const figures = calibrationFigures(plan, await observe(ring, plan, signal));
    expect(figures.unseen, `seed ${SEED}`).to.equal(0);
    expect(figures.falseFailures).to.equal(0);
    expect(figures.detectionMs).to.have.length(3);
    expect(figures.steadyBytesPerSecond).to.be.within(10, 250);
    expect(figures.scriptBytesPerSecond).to.be.above(figures.steadyBytesPerSecond);
    for (const ms of figures.spreadMs) expect(ms).to.be.at.least(0);
  });
});
