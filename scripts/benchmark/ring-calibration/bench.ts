import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  calibrationFigures,
  type CalibrationFigures,
} from '../../ring-lab/calibration/calibration-figures.ts';
import { eventScript } from '../../ring-lab/calibration/event-script.ts';
import { observe, type ObservedPlan } from '../../ring-lab/calibration/observe.ts';
import { RealRing, type Effort } from '../../ring-lab/calibration/real-ring.ts';
import { SimulatedRing } from '../../ring-lab/calibration/simulated-ring.ts';
import { labIdentities } from '../../ring-lab/lab-identities.ts';
import { RingLabError } from '../../ring-lab/ring-lab-error.ts';
import { percentile } from '../../measuring/percentile.ts';
import { BenchError } from '../bench-error.ts';
import { defineBench, type BenchReport, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';

/** RING.md, numbers: the simulator's larger results count only if the two agree so far. */
const AGREEMENT = 0.2;
/** Simulations are cheap: several seeds tell the chance of one run from the model. */
const SIMULATED_SEEDS = 5;

/** What is compared, each a number for the real ring and one for the simulated. */
const MEASURES: readonly (readonly [
  name: string,
  read: (figures: CalibrationFigures, rttMs: number) => number,
])[] = [
  ['steadyBytesPerSecond', ({ steadyBytesPerSecond }) => steadyBytesPerSecond],
  ['scriptBytesPerSecond', ({ scriptBytesPerSecond }) => scriptBytesPerSecond],
  ['spreadRttP50', ({ spreadMs }, rttMs) => percentile(spreadMs, 0.5) / rttMs],
  ['spreadRttP99', ({ spreadMs }, rttMs) => percentile(spreadMs, 0.99) / rttMs],
  ['detectionP50Ms', ({ detectionMs }) => percentile(detectionMs, 0.5)],
  ['detectionP99Ms', ({ detectionMs }) => percentile(detectionMs, 0.99)],
];

export const ringCalibration = defineBench({
  name: 'ring-calibration',
  summary: 'Real ring nodes against simulated ones: bytes, dissemination and detection of the same events.',
  options: {
    nodes: { description: 'members at the beginning', fallback: 50, min: 4, max: 200 },
    processes: { description: 'processes for them', fallback: 5, min: 1, max: 200 },
    rtt: { description: 'round trip between any two, ms', fallback: 100, min: 0, max: 1_000 },
    steady: { description: 'quiet seconds before the events', fallback: 30, min: 1, max: 3_600 },
    crashes: { description: 'power failures', fallback: 20, min: 0, max: 1_000 },
    joins: { description: 'joins', fallback: 10, min: 0, max: 1_000 },
    leaves: { description: 'planned leaves', fallback: 10, min: 0, max: 1_000 },
    spacing: {
      description: 'ms between two events; below 250 leaders batch',
      fallback: 2_000,
      min: 1,
      max: 60_000,
    },
    seed: { description: 'of keys, script and network', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async (values, { progress, signal }) => {
    const { nodes, rtt, seed, crashes, joins, leaves, spacing } = values;
    const script = eventScript({ members: nodes, crashes, joins, leaves, spacingMs: spacing, seed });
    const plan: ObservedPlan = { members: nodes, steadyMs: values.steady * 1_000, script };
    const shared = { rttMs: rtt, timing: {}, signal };
    const identities = await labIdentities(seed, nodes + joins);
    const positions = identities.map(({ edge }) => hexToBytes(edge.nid));
    const simulated: CalibrationFigures[] = [];
    for (let run = 0; run < SIMULATED_SEEDS; run++) {
      const ring = new SimulatedRing({ ...shared, positions, seed: seed + run });
      simulated.push(calibrationFigures(plan, await observe(ring, plan, signal)));
    }
    progress.say(`✓ ${SIMULATED_SEEDS} simulated runs`);
    const ring = new RealRing({ ...shared, nodes: nodes + joins, processes: values.processes, seed });
    const real = await progress.task(`${nodes} real nodes in ${values.processes} processes`, async () =>
      realFigures(ring, plan, signal),
    );
    return report({ real, simulated, rttMs: rtt, effort: ring.effort });
  },
});

/** @throws BenchError BENCH_PROCESS_FAILED, BENCH_STOPPED */
async function realFigures(
  ring: RealRing,
  plan: ObservedPlan,
  signal: AbortSignal,
): Promise<CalibrationFigures> {
  try {
    return calibrationFigures(plan, await observe(ring, plan, signal));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof RingLabError)) throw error;
    throw new BenchError('BENCH_PROCESS_FAILED', {
      message: error.message,
      remedy: 'Run it on a machine with nothing else to do, or with fewer nodes.',
      values: error.values,
      cause: error,
    });
  }
}

function report(results: {
  readonly real: CalibrationFigures;
  readonly simulated: readonly CalibrationFigures[];
  readonly rttMs: number;
  readonly effort: Effort | undefined;
}): BenchReport {
  const { real, simulated, rttMs, effort } = results;
  const rows = MEASURES.map(([name, read]) => {
    const runs = simulated.map((figures) => read(figures, rttMs));
    const mean = runs.reduce((sum, value) => sum + value, 0) / runs.length;
    const measured = read(real, rttMs);
    return { name, real: measured, simulated: mean, ratio: measured / mean, runs };
  });
  const agreed = rows.every(({ ratio }) => Math.abs(ratio - 1) <= AGREEMENT);
  const figures: Record<string, Json> = {};
  for (const { name, ratio, runs, ...both } of rows) {
    figures[name] = {
      ...{ real: rounded(both.real), simulated: rounded(both.simulated), ratio: rounded(ratio) },
      simulatedRuns: runs.map(rounded),
    };
  }
  return {
    figures: {
      ...figures,
      agreement: { within: AGREEMENT, met: agreed },
      detections: real.detectionMs.length,
      tableChanges: real.spreadMs.length,
      unseenEvents: real.unseen,
      falseFailures: real.falseFailures,
      scriptBytesByKind: bytesByKind(real, simulated),
      effort: effort === undefined ? null : { ...effort },
    },
    tables: [
      {
        title: `Real and simulated ring (to agree within ${AGREEMENT * 100} %)`,
        columns: ['', 'real', 'simulated', 'ratio'],
        rows: rows.map((row) => [row.name, figure(row.real), figure(row.simulated), figure(row.ratio)]),
      },
    ],
  };
}

/** The share of each kind of message, B a second and node. */
function bytesByKind(real: CalibrationFigures, simulated: readonly CalibrationFigures[]): Json {
  const kinds = new Set([real, ...simulated].flatMap((each) => Object.keys(each.scriptBytesByKind)));
  return Object.fromEntries(
    [...kinds].map((kind) => {
      const sum = simulated.reduce((total, each) => total + (each.scriptBytesByKind[kind] ?? 0), 0);
      return [
        kind,
        { real: rounded(real.scriptBytesByKind[kind] ?? 0), simulated: rounded(sum / simulated.length) },
      ];
    }),
  );
}
